// What the log's tests share: batches to append, a disk and a clock, and a reader that looks at every record.
import { buildRecordBatch, readRecords, splitBatches } from '@goqueue/protocol'
import type { CompressionName } from '@goqueue/protocol'
import type { LogConfig } from '../../src/log/log-config.ts'
import type { LogEvent } from '../../src/log/log-event.ts'
import { LogManager } from '../../src/log/log-manager.ts'
import type { LogManagerOptions } from '../../src/log/log-manager.ts'
import type { AppendOutcome, PartitionLog } from '../../src/log/partition-log.ts'
import { MemoryFileSystem } from '../../src/storage/memory-file-system.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'

export const TOPIC_ID = '0b9a0b5e-5f0c-4d5c-9f35-5a3c6f0a7c11'
export const DIRECTORY = '/data/logs'
export const LOG_DIRECTORY = `${DIRECTORY}/${TOPIC_ID}-0`
export const FIRST_SEGMENT = `${LOG_DIRECTORY}/00000000000000000000.log`

export interface BatchOptions {
  timestampMs?: number
  compression?: CompressionName
  producerId?: number
  producerEpoch?: number
  baseSequence?: number
}

/** A batch with one record per value. */
export function batchOf(values: readonly string[], options: BatchOptions = {}): Buffer {
  const { timestampMs = 1_767_225_600_000, compression = 'none', ...producer } = options
  return buildRecordBatch({
    records: values.map((value) => ({ key: null, value, headers: [], timestampMs })),
    compression,
    ...producer,
  })
}

export interface OpenedLog {
  disk: MemoryFileSystem
  runtime: VirtualRuntime
  events: LogEvent[]
  manager: LogManager
  log: PartitionLog
}

export interface OpenOptions {
  disk?: MemoryFileSystem
  runtime?: VirtualRuntime
  config?: Partial<LogConfig>
  manager?: Partial<LogManagerOptions>
}

/** Opens a manager and its log of partition 0. */
export async function openLog(options: OpenOptions = {}): Promise<OpenedLog> {
  const runtime = options.runtime ?? new VirtualRuntime()
  const disk = options.disk ?? (await freshDisk(runtime))
  const events: LogEvent[] = []
  const manager = await LogManager.open({
    fileSystem: disk,
    directory: DIRECTORY,
    runtime,
    config: options.config ?? {},
    report: (event) => events.push(event),
    ...options.manager,
  })
  return { disk, runtime, events, manager, log: await manager.openLog(TOPIC_ID, 0) }
}

/** A disk on which the data directory survives. */
export async function freshDisk(runtime = new VirtualRuntime()): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem({ wallClockMs: () => runtime.wallClockMs() })
  await disk.makeDirectory('/data')
  await disk.syncDirectory('/')
  return disk
}

export function append(
  log: PartitionLog,
  values: readonly string[],
  options: BatchOptions = {},
): Promise<AppendOutcome> {
  return log.append(batchOf(values, options), { acks: -1 })
}

export interface SeenRecord {
  offset: number
  value: string
}

/** Every visible record from `offset` on; ends with the error code that stopped it, if one did. */
export async function readAll(
  log: PartitionLog,
  offset = log.logStartOffset,
  maxBytes = 1000,
): Promise<{ records: SeenRecord[]; errorCode: string }> {
  const records: SeenRecord[] = []
  let next = offset
  while (next < log.highWatermark) {
    const outcome = await log.read(next, maxBytes)
    if (outcome.errorCode !== 'NONE') return { records, errorCode: outcome.errorCode }
    const batches = [...splitBatches(outcome.records)]
    if (batches.length === 0) return { records, errorCode: 'EMPTY' }
    for (const { batch } of batches) {
      for (const record of readRecords(batch)) {
        if (record.offset >= next) records.push({ offset: record.offset, value: record.value!.toString() })
      }
    }
    next = records.at(-1)!.offset + 1
  }
  return { records, errorCode: 'NONE' }
}

/** The whole of a file on a disk; null when it is absent. */
export async function readFile(disk: MemoryFileSystem, path: string): Promise<Buffer | null> {
  const size = await disk.sizeOf(path)
  if (size === null) return null
  const handle = await disk.open(path, 'read')
  const bytes = Buffer.alloc(size)
  await handle.read(bytes, 0)
  await handle.close()
  return bytes
}

/** Replaces a file's bytes, durably. */
export async function writeFile(disk: MemoryFileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const handle = await disk.open(path, 'write')
  await handle.truncate(bytes.length)
  await handle.write([bytes], 0)
  await handle.datasync()
  await handle.close()
  await disk.syncDirectory(path.slice(0, path.lastIndexOf('/')))
}

/** Numbers from a seed, the same on every machine. */
export function randomFrom(seed: number): () => number {
  const runtime = new VirtualRuntime({ seed })
  return () => runtime.random()
}

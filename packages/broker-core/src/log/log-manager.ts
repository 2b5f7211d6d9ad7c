// All logs of one directory: opens them, lets them share what is scarce, keeps the recovery point, deletes topics.
import type { Alarm, Runtime } from '../runtime.ts'
import type { FileSystem } from '../storage/file-system.ts'
import { parentOf } from '../storage/parent-of.ts'
import { StorageError } from '../storage/storage-error.ts'
import { DiskReserve } from './disk-reserve.ts'
import { FlushCounts } from './flush-counts.ts'
import { FlushScheduler } from './flush-scheduler.ts'
import { defaultLogConfig } from './log-config.ts'
import type { LogConfig } from './log-config.ts'
import type { ReportLogEvent } from './log-event.ts'
import { OpenFiles } from './open-files.ts'
import { PartitionLog } from './partition-log.ts'
import { recoverLog } from './recovery.ts'
import { RecoveryPoint } from './recovery-point.ts'
import { TailCache } from './tail-cache.ts'

const DELETED = '.deleted'
const LOGS_CLOSED_AT_ONCE = 16

export interface LogManagerOptions {
  readonly fileSystem: FileSystem
  /** Logs stand in `<topicId>-<partition>` below it, beside `recovery-point`: names of topics never appear in paths. */
  readonly directory: string
  readonly runtime: Runtime
  /** For every log; `openLog` may override each setting. What is left out is `defaultLogConfig`. */
  readonly config?: Partial<LogConfig>
  /** How many logs may sync at once (default 2). */
  readonly maxConcurrentFlushes?: number
  /** Memory for recent batches of all logs together (default 64 MiB). */
  readonly tailCacheBytes?: number
  /** `log.min.free.bytes`: bytes of the disk that records may not use (default 0: there is no reserve). */
  readonly minFreeBytes?: number
  /** Old segments that stay open for reading (default 256). */
  readonly maxOpenFiles?: number
  /** `log.retention.check.interval.ms` (default 5 minutes). */
  readonly retentionCheckIntervalMs?: number
  /** `producer.id.expiration.ms` (default one day). */
  readonly producerIdExpirationMs?: number
  /** At most how often the recovery point is written while logs are appended to (default 1,000). */
  readonly recoveryPointIntervalMs?: number
  readonly report: ReportLogEvent
}

interface OpenLog {
  readonly topicId: string
  readonly log: PartitionLog
  config: LogConfig
}

export class LogManager {
  /** Of all logs together. */
  readonly flushCounts = new FlushCounts()
  /** Null where none was asked for, or the disk has no end. */
  readonly diskReserve: DiskReserve | null
  private readonly options: LogManagerOptions
  private readonly recoveryPoint: RecoveryPoint
  private readonly files: OpenFiles
  private readonly flushes: FlushScheduler
  private readonly tailCache: TailCache
  private readonly logs = new Map<string, OpenLog>()
  private readonly opening = new Map<string, Promise<PartitionLog>>()
  private recoveryPointAlarm: Alarm | null = null
  private retentionAlarm: Alarm | null = null
  private retention: Promise<void> = Promise.resolve()
  private isClosed = false

  private constructor(options: LogManagerOptions, recoveryPoint: RecoveryPoint) {
    this.options = options
    this.recoveryPoint = recoveryPoint
    this.files = new OpenFiles(options.fileSystem, options.maxOpenFiles ?? 256)
    this.flushes = new FlushScheduler(options.maxConcurrentFlushes ?? 2)
    this.tailCache = new TailCache(options.tailCacheBytes ?? 64 * 1024 * 1024)
    this.diskReserve = this.reserveOf(options)
  }

  /** Makes the directory unless it exists (its parent must), and finishes deletions that a crash interrupted. */
  static async open(options: LogManagerOptions): Promise<LogManager> {
    const { fileSystem, directory, report } = options
    await fileSystem.makeDirectory(directory)
    await fileSystem.syncDirectory(parentOf(directory))
    const manager = new LogManager(options, await RecoveryPoint.load(fileSystem, directory, report))
    await manager.finishDeletions()
    await manager.diskReserve?.look()
    manager.scheduleRetention()
    return manager
  }

  /** Creates the log, or recovers it; the same log when it is open already. `config` overrides the manager's. */
  async openLog(topicId: string, partition: number, config: Partial<LogConfig> = {}): Promise<PartitionLog> {
    const name = `${topicId}-${partition}`
    const known = this.logs.get(name)
    if (known !== undefined) return known.log
    const opening = this.opening.get(name) ?? this.recover(topicId, name, this.configWith(config))
    this.opening.set(name, opening)
    try {
      return await opening
    } finally {
      this.opening.delete(name)
    }
  }

  private async recover(topicId: string, name: string, config: LogConfig): Promise<PartitionLog> {
    const { fileSystem, runtime, report } = this.options
    const current = () => this.logs.get(name)?.config ?? config
    const context = {
      fileSystem,
      files: this.files,
      directory: `${this.options.directory}/${name}`,
      logName: name,
      indexIntervalBytes: () => current().indexIntervalBytes,
      report,
    }
    const recovered = await recoverLog(context, this.recoveryPoint.ranges.get(name), runtime.wallClockMs())
    const log = new PartitionLog({
      context,
      runtime,
      flushes: this.flushes,
      flushCounts: this.flushCounts,
      tailCache: this.tailCache,
      diskReserve: this.diskReserve,
      config: current,
      recovered,
      onDurable: () => this.scheduleRecoveryPoint(),
      saveRecoveryPoint: () => this.saveRecoveryPoint(),
    })
    this.logs.set(name, { topicId, log, config })
    return log
  }

  /** Memory that the recent batches of all logs take, and may take. */
  get tailCacheUse(): { readonly usedBytes: number; readonly budgetBytes: number } {
    const { usedBytes, budgetBytes } = this.tailCache
    return { usedBytes, budgetBytes }
  }

  /** Bytes that can still be written to the disk under the directory; null where it does not say. */
  async freeBytes(): Promise<number | null> {
    if (this.diskReserve !== null) return this.diskReserve.look()
    const { fileSystem, directory } = this.options
    return (await fileSystem.freeBytes?.(directory).catch(() => null)) ?? null
  }

  /** The log, if it is open. */
  log(topicId: string, partition: number): PartitionLog | undefined {
    return this.logs.get(`${topicId}-${partition}`)?.log
  }

  /** Changes the settings of a topic's open logs, from now on; what is left out goes back to the manager's. */
  configureTopic(topicId: string, config: Partial<LogConfig>): void {
    for (const open of this.logs.values()) if (open.topicId === topicId) open.config = this.configWith(config)
  }

  /** Removes a topic's logs, open or not. A crash in the midst leaves them deleted, or to be deleted at the next start. */
  async deleteTopic(topicId: string): Promise<void> {
    const { fileSystem, directory } = this.options
    for (const [name, open] of this.logs) {
      if (open.topicId !== topicId) continue
      this.logs.delete(name)
      await open.log.abandon()
    }
    const names = (await fileSystem.list(directory)).filter((name) => isLogOf(name, topicId))
    for (const name of names) {
      await fileSystem.rename(`${directory}/${name}`, `${directory}/${name}${DELETED}`)
    }
    await fileSystem.syncDirectory(directory)
    await this.removeDeleted(names.map((name) => `${name}${DELETED}`))
  }

  /** Closes every log and writes the recovery point. */
  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    this.retentionAlarm?.cancel()
    this.recoveryPointAlarm?.cancel()
    await this.diskReserve?.close()
    await this.retention
    const logs = [...this.logs.values()]
    const closeNext = async () => {
      for (let next = logs.pop(); next !== undefined; next = logs.pop()) await next.log.close()
    }
    await Promise.all(Array.from({ length: LOGS_CLOSED_AT_ONCE }, closeNext))
    await this.saveRecoveryPoint().catch((error) => this.reportRecoveryPointFailure(error))
    this.files.close()
  }

  private reserveOf({
    fileSystem,
    directory,
    runtime,
    report,
    minFreeBytes = 0,
  }: LogManagerOptions): DiskReserve | null {
    if (fileSystem.freeBytes === undefined || minFreeBytes === 0) return null
    return new DiskReserve({
      reserveBytes: minFreeBytes,
      directory,
      freeBytes: fileSystem.freeBytes.bind(fileSystem, directory),
      unwrittenBytes: () => this.sumOfLogs((log) => log.unwrittenBytes),
      writtenBytes: () => this.sumOfLogs((log) => log.sizeBytes),
      runtime,
      report,
    })
  }

  private sumOfLogs(bytesOf: (log: PartitionLog) => number): number {
    let sum = 0
    for (const { log } of this.logs.values()) sum += bytesOf(log)
    return sum
  }

  private configWith(config: Partial<LogConfig>): LogConfig {
    return { ...defaultLogConfig, ...this.options.config, ...config }
  }

  private saveRecoveryPoint(): Promise<void> {
    return this.recoveryPoint.save(() => {
      for (const [name, { log }] of this.logs) this.recoveryPoint.ranges.set(name, log.durableRange)
    })
  }

  /** At most one write per interval, and none while nothing is appended. */
  private scheduleRecoveryPoint(): void {
    if (this.isClosed || this.recoveryPointAlarm !== null) return
    this.recoveryPointAlarm = this.options.runtime.setAlarm(this.options.recoveryPointIntervalMs ?? 1000, () => {
      this.recoveryPointAlarm = null
      this.saveRecoveryPoint().catch((error) => this.reportRecoveryPointFailure(error))
    })
  }

  /** An old recovery point is a true one: the next start has more to scan. */
  private reportRecoveryPointFailure(error: unknown): void {
    if (!(error instanceof StorageError)) throw error
    this.options.report({ kind: 'recovery-point-failed', error })
  }

  private scheduleRetention(): void {
    this.retentionAlarm = this.options.runtime.setAlarm(this.options.retentionCheckIntervalMs ?? 300_000, () => {
      this.retention = this.applyRetention().finally(() => {
        if (!this.isClosed) this.scheduleRetention()
      })
    })
  }

  private async applyRetention(): Promise<void> {
    const producerIdExpirationMs = this.options.producerIdExpirationMs ?? 86_400_000
    for (const { log } of [...this.logs.values()]) await log.applyRetention(producerIdExpirationMs)
  }

  private async finishDeletions(): Promise<void> {
    const names = await this.options.fileSystem.list(this.options.directory)
    await this.removeDeleted(names.filter((name) => name.endsWith(DELETED)))
  }

  /** The recovery point forgets them before the directories go: else it would speak of logs that nobody knows. */
  private async removeDeleted(names: readonly string[]): Promise<void> {
    if (names.length === 0) return
    for (const name of names) this.recoveryPoint.ranges.delete(name.slice(0, -DELETED.length))
    await this.saveRecoveryPoint()
    for (const name of names) await this.options.fileSystem.removeDirectory(`${this.options.directory}/${name}`)
  }
}

function isLogOf(name: string, topicId: string): boolean {
  return name.startsWith(`${topicId}-`) && /^\d+$/.test(name.slice(topicId.length + 1))
}

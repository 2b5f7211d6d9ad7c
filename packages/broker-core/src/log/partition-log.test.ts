// What a partition's log promises while nothing goes wrong.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readRecordBatchHeader } from '@goqueue/protocol'
import { describe, expect, it } from 'vitest'
import { append, batchOf, freshDisk, LOG_DIRECTORY, openLog, readAll, TOPIC_ID } from '../../test/log/log-fixture.ts'
import { MemoryFileSystem } from '../storage/memory-file-system.ts'
import { nodeFileSystem } from '../storage/node-file-system.ts'
import { StorageError } from '../storage/storage-error.ts'
import { VirtualRuntime } from '../virtual-runtime.ts'

const NOW_MS = 1_767_225_600_000

describe('append', () => {
  it('gives offsets in the order of the calls and reads the records back', async () => {
    const { log } = await openLog()
    const outcomes = await Promise.all([append(log, ['a', 'b']), append(log, ['c']), append(log, ['d', 'e'])])
    expect(outcomes.map((outcome) => outcome.errorCode === 'NONE' && outcome.baseOffset)).toEqual([0, 2, 3])
    expect(outcomes[0]).toEqual({ errorCode: 'NONE', baseOffset: 0, logAppendTimeMs: -1, logStartOffset: 0 })
    expect(log.logEndOffset).toBe(5)
    expect((await readAll(log)).records.map(({ offset, value }) => `${offset}${value}`)).toEqual([
      '0a',
      '1b',
      '2c',
      '3d',
      '4e',
    ])
  })

  it('copies the records, so that the caller may reuse its buffer at once', async () => {
    const { log } = await openLog()
    const records = batchOf(['precious'])
    const appended = log.append(records, { acks: -1 })
    records.fill(0)
    await appended
    expect((await readAll(log)).records).toEqual([{ offset: 0, value: 'precious' }])
  })

  it('writes what arrives during a write in one next write', async () => {
    const writes: string[] = []
    const { log, disk } = await openLog()
    await append(log, ['first'])
    disk.onOperation = ({ name }) => void writes.push(name)
    await Promise.all(Array.from({ length: 50 }, (_, index) => append(log, [`${index}`])))
    expect(writes.filter((name) => name === 'write').length).toBe(2)
  })

  it('refuses a batch whose checksum does not fit, and one that is too large', async () => {
    const { log } = await openLog({ config: { maxMessageBytes: 200 } })
    const damaged = batchOf(['a'])
    damaged[damaged.length - 1]! ^= 1
    expect(await log.append(damaged, { acks: -1 })).toMatchObject({ errorCode: 'CORRUPT_MESSAGE' })
    expect(await append(log, ['x'.repeat(300)])).toMatchObject({ errorCode: 'MESSAGE_TOO_LARGE' })
    expect(log.logEndOffset).toBe(0)
  })

  it('refuses an absurd CreateTime, and takes a record without one', async () => {
    const { log } = await openLog({ config: { messageTimestampBeforeMaxMs: 1000 } })
    const errorCodeAt = async (timestampMs: number) => (await append(log, ['a'], { timestampMs })).errorCode
    expect(await errorCodeAt(NOW_MS + 3_600_001)).toBe('INVALID_TIMESTAMP')
    expect(await errorCodeAt(NOW_MS + 3_600_000)).toBe('NONE')
    expect(await errorCodeAt(NOW_MS * 1000)).toBe('INVALID_TIMESTAMP')
    expect(await errorCodeAt(NOW_MS - 1001)).toBe('INVALID_TIMESTAMP')
    expect(await errorCodeAt(-1)).toBe('NONE')
  })

  it('answers an idempotent duplicate with the offset of its original, also after a restart', async () => {
    const { log, disk, manager } = await openLog()
    const batch = () => batchOf(['a', 'b'], { producerId: 7, producerEpoch: 0, baseSequence: 0 })
    await append(log, ['other'])
    expect(await log.append(batch(), { acks: -1 })).toMatchObject({ errorCode: 'NONE', baseOffset: 1 })
    expect(await log.append(batch(), { acks: -1 })).toMatchObject({ errorCode: 'NONE', baseOffset: 1 })
    const gap = batchOf(['c'], { producerId: 7, producerEpoch: 0, baseSequence: 9 })
    expect(await log.append(gap, { acks: -1 })).toMatchObject({ errorCode: 'OUT_OF_ORDER_SEQUENCE_NUMBER' })
    await manager.close()
    const again = await openLog({ disk })
    expect(await again.log.append(batch(), { acks: -1 })).toMatchObject({ errorCode: 'NONE', baseOffset: 1 })
    expect(again.log.logEndOffset).toBe(3)
  })

  it('remembers producers after a crash, from the log alone', async () => {
    const { log, disk } = await openLog()
    const batch = (sequence: number) => batchOf(['a'], { producerId: 7, producerEpoch: 0, baseSequence: sequence })
    for (let sequence = 0; sequence < 3; sequence++) await log.append(batch(sequence), { acks: -1 })
    const again = await openLog({ disk: disk.crash({ kind: 'lose' }) })
    expect(await again.log.append(batch(2), { acks: -1 })).toMatchObject({ errorCode: 'NONE', baseOffset: 2 })
    expect(await again.log.append(batch(3), { acks: -1 })).toMatchObject({ errorCode: 'NONE', baseOffset: 3 })
  })
})

describe('the high watermark', () => {
  async function withHeldSyncs() {
    const syncs: (() => void)[] = []
    const opened = await openLog()
    await append(opened.log, ['first'])
    opened.disk.onOperation = ({ name }) =>
      name === 'fdatasync' ? new Promise<void>((resolve) => syncs.push(resolve)) : undefined
    return { ...opened, syncs }
  }
  const settle = async () => {
    for (let turn = 0; turn < 100; turn++) await Promise.resolve()
  }

  it('is the durable offset: nothing above it is served, and acks=all waits for it', async () => {
    const { log, syncs } = await withHeldSyncs()
    const order: string[] = []
    const all = append(log, ['a']).then(() => order.push('all'))
    const one = log.append(batchOf(['b']), { acks: 1 }).then(() => order.push('one'))
    await settle()
    expect(order).toEqual(['one'])
    expect(log.logEndOffset).toBe(3)
    expect(log.highWatermark).toBe(1)
    expect((await readAll(log)).records.length).toBe(1)
    expect(await log.read(1, 1000)).toEqual({ errorCode: 'NONE', records: Buffer.alloc(0) })
    expect(log.readableBytes(0, 1000)).toBe(batchOf(['first']).length)
    while (syncs.length > 0) {
      syncs.shift()!()
      await settle()
    }
    await Promise.all([all, one])
    expect(log.highWatermark).toBe(3)
  })

  it('moves with acks=1 alone too, and tells its listeners', async () => {
    const { log, syncs } = await withHeldSyncs()
    let calls = 0
    const stop = log.onAdvance(() => calls++)
    await log.append(batchOf(['a']), { acks: 1 })
    expect(calls).toBe(0)
    syncs.shift()!()
    await settle()
    expect([calls, log.highWatermark]).toEqual([1, 2])
    stop()
    await Promise.all([log.append(batchOf(['b']), { acks: 0 }), settle().then(() => syncs.shift()!())])
    await settle()
    expect([calls, log.highWatermark]).toEqual([1, 3])
  })

  it('has one sync in flight per log, and what arrives meanwhile goes with the next', async () => {
    const { log, syncs } = await withHeldSyncs()
    const appends: Promise<unknown>[] = []
    for (let index = 0; index < 10; index++) {
      appends.push(append(log, [`${index}`]))
      await settle()
    }
    expect(syncs.length).toBe(1)
    syncs.shift()!()
    await settle()
    expect(syncs.length).toBe(1)
    syncs.shift()!()
    await Promise.all(appends)
    expect(log.highWatermark).toBe(11)
  })

  it('lets no more than two logs sync at once', async () => {
    const { manager, disk } = await openLog()
    const logs = await Promise.all([1, 2, 3, 4, 5].map((partition) => manager.openLog(TOPIC_ID, partition)))
    const syncs: (() => void)[] = []
    disk.onOperation = ({ name }) => (name === 'fdatasync' ? new Promise((resolve) => syncs.push(resolve)) : undefined)
    const appends = Promise.all(logs.map((log) => append(log, ['a'])))
    for (let left = logs.length; left > 0; left--) {
      await settle()
      expect(syncs.length).toBe(Math.min(2, left))
      syncs.shift()!()
    }
    await appends
  })

  it("is the written offset when flush is 'os'", async () => {
    const { log, disk } = await openLog({ config: { flush: 'os' } })
    const operations: string[] = []
    disk.onOperation = ({ name }) => void operations.push(name)
    await append(log, ['a'])
    expect(log.highWatermark).toBe(1)
    expect(operations).not.toContain('fdatasync')
  })
})

describe('read', () => {
  it('gives whole batches, at most maxBytes but at least one, from memory and from the file alike', async () => {
    for (const tailCacheBytes of [1_000_000, 0]) {
      const { log } = await openLog({ manager: { tailCacheBytes } })
      for (let index = 0; index < 20; index++) await append(log, [`value ${index}`, 'x'])
      const size = batchOf(['value 0', 'x']).length
      for (const [offset, maxBytes, bytes] of [
        [0, 1, size],
        [0, size * 2, size * 2],
        [1, size * 3 - 1, size * 2],
        [5, size * 3, size * 3],
      ] as const) {
        const outcome = await log.read(offset, maxBytes)
        if (outcome.errorCode !== 'NONE') throw new Error(outcome.errorCode)
        expect(outcome.records.length).toBe(bytes)
        expect(readRecordBatchHeader(outcome.records).baseOffset).toBe(offset - (offset % 2))
      }
      expect((await readAll(log)).records.map((record) => record.offset)).toEqual([...Array(40).keys()])
    }
  })

  it('reads old batches from the file and recent ones from memory, without a seam', async () => {
    const { log } = await openLog({ manager: { tailCacheBytes: 20_000 }, config: { indexIntervalBytes: 500 } })
    for (let index = 0; index < 500; index++) await append(log, [`value ${index} ${'x'.repeat(index % 97)}`])
    const { records } = await readAll(log)
    expect(records.map((record) => record.offset)).toEqual([...Array(500).keys()])
    expect(records[123]!.value).toMatch(/^value 123 /)
    expect(log.readableBytes(0, 1_000_000)).toBe(log.sizeBytes)
    expect(log.readableBytes(499, 1_000_000)).toBeLessThan(300)
  })

  it('is out of range below the start and above the end', async () => {
    const { log } = await openLog()
    await append(log, ['a', 'b'])
    expect(await log.read(3, 100)).toEqual({ errorCode: 'OFFSET_OUT_OF_RANGE' })
    expect(await log.read(-1, 100)).toEqual({ errorCode: 'OFFSET_OUT_OF_RANGE' })
    expect(await log.read(2, 100)).toEqual({ errorCode: 'NONE', records: Buffer.alloc(0) })
    expect(log.readableBytes(2, 100)).toBe(0)
  })

  it('keeps few old segments open and still reads them all', async () => {
    const { log } = await openLog({
      manager: { tailCacheBytes: 0, maxOpenFiles: 2 },
      config: { segmentBytes: 300 },
    })
    for (let index = 0; index < 40; index++) await append(log, [`value ${index}`])
    const reads = Array.from({ length: 40 }, (_, offset) => log.read(offset, 1))
    for (const [offset, outcome] of (await Promise.all(reads)).entries()) {
      expect(outcome.errorCode === 'NONE' && readRecordBatchHeader(outcome.records).baseOffset).toBe(offset)
    }
  })
})

describe('offsets by time', () => {
  async function timedLog(manager = {}) {
    const opened = await openLog({ config: { segmentBytes: 2000, indexIntervalBytes: 100 }, manager })
    for (let index = 0; index < 100; index++) {
      await append(opened.log, [`a${index}`, `b${index}`], { timestampMs: 1000 + index * 10 })
    }
    return opened
  }

  it('finds the first record at or after a timestamp', async () => {
    const { log, disk, manager } = await timedLog()
    const check = async (log_: typeof log) => {
      expect(await log_.offsetForTimestamp(0)).toEqual({ offset: 0, timestampMs: 1000 })
      for (const index of [0, 1, 17, 50, 99]) {
        expect(await log_.offsetForTimestamp(1000 + index * 10)).toEqual({
          offset: index * 2,
          timestampMs: 1000 + index * 10,
        })
        expect(await log_.offsetForTimestamp(991 + index * 10)).toMatchObject({ offset: index * 2 })
      }
      expect(await log_.offsetForTimestamp(2000)).toBeNull()
      expect(await log_.maxTimestamp()).toEqual({ offset: 198, timestampMs: 1990 })
    }
    await check(log)
    await manager.close()
    await check((await openLog({ disk, config: { segmentBytes: 2000, indexIntervalBytes: 100 } })).log)
  })

  it('finds them when timestamps do not rise, and inside compressed batches', async () => {
    const { log } = await openLog({ config: { segmentBytes: 700, indexIntervalBytes: 50 } })
    const times = [500, 300, 900, 100, 900, 700]
    for (const timestampMs of times) await append(log, ['x'.repeat(100), 'y'], { timestampMs, compression: 'gzip' })
    expect(await log.offsetForTimestamp(600)).toEqual({ offset: 4, timestampMs: 900 })
    expect(await log.offsetForTimestamp(200)).toEqual({ offset: 0, timestampMs: 500 })
    expect(await log.maxTimestamp()).toEqual({ offset: 4, timestampMs: 900 })
    await log.deleteRecordsBefore(5)
    expect(await log.maxTimestamp()).toEqual({ offset: 5, timestampMs: 900 })
  })

  it('answers the base offset of a batch that unfolds too far, without unfolding it', async () => {
    const { log } = await openLog({ config: { maxMessageBytes: 10_000_000 } })
    await append(log, ['small'], { timestampMs: 100 })
    await append(log, ['first', '\0'.repeat(40_000_000)], { timestampMs: 200, compression: 'gzip' })
    expect(await log.offsetForTimestamp(150)).toEqual({ offset: 1, timestampMs: 200 })
  })

  it('has neither for an empty log', async () => {
    const { log } = await openLog()
    expect(await log.maxTimestamp()).toBeNull()
    expect(await log.offsetForTimestamp(0)).toBeNull()
  })
})

describe('segments', () => {
  it('roll by size and by age, and the files stand under Kafka names', async () => {
    const { log, disk, runtime, manager } = await openLog({ config: { segmentBytes: 300, segmentMs: 60_000 } })
    for (let index = 0; index < 6; index++) await append(log, [`value ${index}`, 'x'.repeat(50)])
    runtime.advance(60_000)
    await append(log, ['late'])
    await manager.close()
    const names = await disk.list(`/data/logs/${TOPIC_ID}-0`)
    const digits = (offset: number) => String(offset).padStart(20, '0')
    expect(names.filter((name) => name.endsWith('.log'))).toEqual(
      [0, 4, 8, 12].map((offset) => `${digits(offset)}.log`),
    )
    expect(names).toContain(`${digits(0)}.index`)
    expect(names).toContain(`${digits(0)}.timeindex`)
    expect(names).toContain(`${digits(13)}.snapshot`)
    const again = await openLog({ disk, runtime: new VirtualRuntime() })
    expect((await readAll(again.log)).records.length).toBe(13)
    expect(await append(again.log, ['next'])).toMatchObject({ baseOffset: 13 })
  })

  it('expire by the broker clock since the last append, whatever timestamps the records claim', async () => {
    const { log, runtime, disk } = await openLog({
      config: { segmentBytes: 300, retentionMs: 3_600_000 },
      manager: { retentionCheckIntervalMs: 60_000 },
    })
    for (let index = 0; index < 6; index++) await append(log, [`${index}`, 'x'.repeat(80)], { timestampMs: 1 })
    const passMinutes = async (minutes: number) => {
      for (let minute = 0; minute < minutes; minute++) {
        runtime.advance(60_000)
        for (let turn = 0; turn < 200; turn++) await Promise.resolve()
      }
    }
    await passMinutes(50)
    expect(log.logStartOffset).toBe(0)
    await append(log, ['young'], { timestampMs: NOW_MS })
    await passMinutes(15)
    expect(log.logStartOffset).toBeGreaterThan(0)
    expect((await readAll(log)).records.at(-1)).toEqual({ offset: 12, value: 'young' })
    await passMinutes(65)
    expect(log.logStartOffset).toBe(13)
    expect(log.sizeBytes).toBe(0)
    const again = await openLog({ disk: disk.crash({ kind: 'lose' }) })
    expect([again.log.logStartOffset, again.log.logEndOffset]).toEqual([13, 13])
  })

  it('go by size, oldest first, while what remains still holds retentionBytes', async () => {
    const { log } = await openLog({ config: { segmentBytes: 300, retentionBytes: 700 } })
    for (let index = 0; index < 20; index++) await append(log, [`${index}`, 'x'.repeat(80)])
    const before = log.sizeBytes
    await log.applyRetention(86_400_000)
    expect(log.sizeBytes).toBeGreaterThanOrEqual(700)
    expect(log.sizeBytes).toBeLessThan(700 + 300)
    expect(before).toBeGreaterThan(2000)
    expect((await readAll(log)).records[0]!.offset).toBe(log.logStartOffset)
    expect(await log.read(0, 100)).toEqual({ errorCode: 'OFFSET_OUT_OF_RANGE' })
  })

  it('may be deleted while they are being read', async () => {
    const { log } = await openLog({ manager: { tailCacheBytes: 0, maxOpenFiles: 1 }, config: { segmentBytes: 200 } })
    for (let index = 0; index < 30; index++) await append(log, [`value ${index}`])
    const reads = Array.from({ length: 30 }, (_, offset) => log.read(offset, 1))
    const deleted = log.deleteRecordsBefore(25)
    for (const [offset, outcome] of (await Promise.all(reads)).entries()) {
      const isRead = outcome.errorCode === 'NONE' && readRecordBatchHeader(outcome.records).baseOffset === offset
      expect(isRead || (offset < 25 && outcome.errorCode === 'OFFSET_OUT_OF_RANGE')).toBe(true)
    }
    expect(await deleted).toEqual({ errorCode: 'NONE', logStartOffset: 25 })
  })
})

describe('deleteRecordsBefore', () => {
  it('moves the start for good, and -1 means the high watermark', async () => {
    const { log, disk } = await openLog()
    for (const value of ['a', 'b', 'c', 'd']) await append(log, [value])
    expect(await log.deleteRecordsBefore(2)).toEqual({ errorCode: 'NONE', logStartOffset: 2 })
    expect(await log.deleteRecordsBefore(1)).toEqual({ errorCode: 'NONE', logStartOffset: 2 })
    expect(await log.deleteRecordsBefore(5)).toEqual({ errorCode: 'OFFSET_OUT_OF_RANGE' })
    const again = await openLog({ disk: disk.crash({ kind: 'lose' }) })
    expect((await readAll(again.log)).records.map((record) => record.value)).toEqual(['c', 'd'])
    expect(await again.log.deleteRecordsBefore(-1)).toEqual({ errorCode: 'NONE', logStartOffset: 4 })
  })

  it('S14: frees the room of all records when all are deleted, and the log goes on behind them', async () => {
    const { log, disk } = await openLog()
    for (const value of ['a', 'b', 'c'])
      await append(log, [value], { producerId: 7, producerEpoch: 0, baseSequence: value.charCodeAt(0) - 97 })
    expect(await Promise.all([log.deleteRecordsBefore(3), log.deleteRecordsBefore(-1)])).toEqual(
      Array(2).fill({ errorCode: 'NONE', logStartOffset: 3 }),
    )
    expect(log).toMatchObject({ sizeBytes: 0, logStartOffset: 3, logEndOffset: 3, condition: 'sound' })
    expect((await disk.list(LOG_DIRECTORY)).filter((name) => name.endsWith('.log'))).toEqual([
      '00000000000000000003.log',
    ])
    await append(log, ['d'])
    const again = await openLog({ disk: disk.crash({ kind: 'lose' }) })
    expect(again.log).toMatchObject({ logStartOffset: 3, logEndOffset: 4 })
    const duplicate = await append(again.log, ['c'], { producerId: 7, producerEpoch: 0, baseSequence: 2 })
    expect(duplicate).toMatchObject({ errorCode: 'NONE', baseOffset: 2 })
  })

  it('leaves the file of the last records where the disk has no room for another', async () => {
    const disk = Object.assign(await freshDisk(new VirtualRuntime()), { freeBytes: () => Promise.resolve(1_000) })
    const { log } = await openLog({ disk, manager: { minFreeBytes: 500 } })
    await append(log, ['a'])
    disk.onOperation = ({ name, path }) => {
      if (name === 'open' && path.endsWith('.log')) throw new StorageError(name, path, new Error('ENOSPC'))
    }
    expect(await log.deleteRecordsBefore(-1)).toEqual({ errorCode: 'NONE', logStartOffset: 1 })
    expect(log).toMatchObject({ condition: 'sound', logStartOffset: 1 })
  })

  it("holds when flush is 'os' and the power goes", async () => {
    const { log, disk } = await openLog({ config: { flush: 'os' } })
    for (const value of ['a', 'b', 'c']) await append(log, [value])
    await log.deleteRecordsBefore(2)
    const again = await openLog({ disk: disk.crash({ kind: 'lose' }) })
    expect(again.log.logStartOffset).toBe(2)
    expect(again.log.logEndOffset).toBe(3)
  })
})

describe('LogManager', () => {
  it('deletes a topic for good, and answers those who wait', async () => {
    const { log, manager, disk } = await openLog()
    const other = await manager.openLog('11111111-5f0c-4d5c-9f35-5a3c6f0a7c11', 0)
    await append(log, ['a'])
    await append(other, ['kept'])
    disk.onOperation = ({ name }) =>
      name === 'fdatasync' ? new Promise((resolve) => setImmediate(resolve)) : undefined
    const waiting = append(log, ['b'])
    await manager.deleteTopic(TOPIC_ID)
    expect(await waiting).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
    expect(await append(log, ['c'])).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
    expect(manager.log(TOPIC_ID, 0)).toBeUndefined()
    const again = await openLog({ disk: disk.crash({ kind: 'lose' }) })
    expect(again.log.logEndOffset).toBe(0)
    const kept = await again.manager.openLog('11111111-5f0c-4d5c-9f35-5a3c6f0a7c11', 0)
    expect((await readAll(kept)).records).toEqual([{ offset: 0, value: 'kept' }])
  })

  it('finishes at the next start a deletion that a crash cut short', async () => {
    const { log, manager, disk } = await openLog()
    await append(log, ['a'])
    await manager.close()
    await disk.rename(`/data/logs/${TOPIC_ID}-0`, `/data/logs/${TOPIC_ID}-0.deleted`)
    const again = await openLog({ disk })
    expect(await disk.list('/data/logs')).toEqual(['recovery-point'])
    expect(again.log.logEndOffset).toBe(0)
    expect(again.events).toEqual([])
  })

  it('opens the same log once, however many ask', async () => {
    const { manager } = await openLog()
    const [one, two] = await Promise.all([manager.openLog(TOPIC_ID, 3), manager.openLog(TOPIC_ID, 3)])
    expect(one).toBe(two)
    expect(manager.log(TOPIC_ID, 3)).toBe(one)
  })

  it('writes the recovery point once a second while logs move, and sets no alarm while they rest', async () => {
    const { log, runtime, disk } = await openLog()
    const alarms = runtime.alarmCount
    await append(log, ['a'])
    await append(log, ['b'])
    expect(runtime.alarmCount).toBe(alarms + 1)
    const before = disk.operationCount
    runtime.advance(1000)
    for (let turn = 0; turn < 100; turn++) await Promise.resolve()
    expect(disk.operationCount).toBeGreaterThan(before)
    expect(runtime.alarmCount).toBe(alarms)
  })

  it('does on the real disk what it does on the simulated one', async () => {
    const root = mkdtempSync(join(tmpdir(), 'goqueue-log-'))
    try {
      const manager = { fileSystem: nodeFileSystem, directory: `${root}/logs`, tailCacheBytes: 0 }
      const config = { segmentBytes: 5000, indexIntervalBytes: 500 }
      const first = await openLog({ manager, config })
      await Promise.all(Array.from({ length: 200 }, (_, index) => append(first.log, [`value ${index}`])))
      const written = await readAll(first.log)
      expect(written.records.length).toBe(200)
      await first.log.deleteRecordsBefore(100)
      await first.manager.close()
      const second = await openLog({ manager, config })
      expect(second.events).toEqual([])
      expect((await readAll(second.log)).records).toEqual(written.records.slice(100))
      expect(await append(second.log, ['next'])).toMatchObject({ errorCode: 'NONE', baseOffset: 200 })
      await second.manager.deleteTopic(TOPIC_ID)
      await second.manager.close()
      expect(await nodeFileSystem.list(`${root}/logs`)).toEqual(['recovery-point'])
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  })

  it('keeps everything in memory at little cost when the disk is one in memory', async () => {
    const { log } = await openLog({ disk: new MemoryFileSystem(), manager: { directory: '/logs', tailCacheBytes: 0 } })
    for (let index = 0; index < 200; index++) await append(log, ['x'.repeat(10_000)])
    expect((await readAll(log, 0, 1_000_000)).records.length).toBe(200)
  })
})

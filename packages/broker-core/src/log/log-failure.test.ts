// What a log does when its disk fails.
import { describe, expect, it } from 'vitest'
import {
  append,
  batchOf,
  FIRST_SEGMENT,
  LOG_DIRECTORY,
  openLog,
  readAll,
  TOPIC_ID,
} from '../../test/log/log-fixture.ts'

const settle = async () => {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve()
}

describe('a failed sync', () => {
  it('S5: is final for its log: nothing waiting is acknowledged, nothing is retried, what is durable stays readable', async () => {
    const { log, disk, events } = await openLog()
    await append(log, ['durable'])
    const operations: string[] = []
    disk.onOperation = ({ name }) => {
      operations.push(name)
      if (name === 'fdatasync') throw Object.assign(new Error('EIO'), { code: 'EIO' })
    }
    let calls = 0
    log.onAdvance(() => calls++)
    const waiting = await Promise.all([append(log, ['a']), append(log, ['b']), append(log, ['c'])])
    for (const outcome of waiting) expect(outcome).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
    disk.onOperation = ({ name }) => void operations.push(name)
    expect(await append(log, ['later'])).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
    await settle()
    expect(operations.filter((name) => name === 'fdatasync').length).toBe(1)
    expect(events.map((event) => event.kind)).toEqual(['log-failed'])
    expect(calls).toBe(1)
    expect(log.highWatermark).toBe(1)
    expect((await readAll(log)).records).toEqual([{ offset: 0, value: 'durable' }])
  })

  it('S5: is followed by recovery from disk at the next start, even when the kernel would call the next sync a success', async () => {
    const { log, disk, manager } = await openLog()
    await append(log, ['durable'])
    disk.failOperation(2, 'EIO')
    expect(await append(log, ['lost'])).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
    await manager.close()
    const again = await openLog({ disk: disk.crash({ kind: 'lose' }) })
    expect((await readAll(again.log)).records).toEqual([{ offset: 0, value: 'durable' }])
    expect(await append(again.log, ['next'])).toMatchObject({ errorCode: 'NONE', baseOffset: 1 })
  })

  it('S5: may leave bytes that a restart finds: they are written anew before they are shown, since a sync alone would keep nothing', async () => {
    const { log, disk, manager } = await openLog()
    await append(log, ['durable'])
    disk.failOperation(2, 'EIO')
    expect(await append(log, ['found'])).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
    await manager.close()
    const restarted = await openLog({ disk })
    const shown = (await readAll(restarted.log)).records
    expect(shown.map(({ value }) => value)).toEqual(['durable', 'found'])
    const again = await openLog({ disk: disk.crash({ kind: 'lose' }) })
    expect((await readAll(again.log)).records).toEqual(shown)
  })

  it('S5: stays with its log: others go on', async () => {
    const { log, disk, manager } = await openLog()
    const other = await manager.openLog(TOPIC_ID, 1)
    await append(log, ['a'])
    disk.failOperation(2, 'EIO')
    expect(await append(log, ['b'])).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
    expect(await append(other, ['c'])).toMatchObject({ errorCode: 'NONE', baseOffset: 0 })
    await manager.close()
  })
})

describe('a failed write', () => {
  it('takes back what it wrote, and the log is offline', async () => {
    const { log, disk } = await openLog()
    await append(log, ['durable'])
    const size = await disk.sizeOf(FIRST_SEGMENT)
    disk.failOperation(1, 'ENOSPC')
    const [one, two] = await Promise.all([append(log, ['a']), log.append(batchOf(['b']), { acks: 1 })])
    expect(one).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
    expect(two).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
    expect(await disk.sizeOf(FIRST_SEGMENT)).toBe(size)
    expect((await readAll(log)).records.length).toBe(1)
    expect(log.readOnlyReason).toMatch(/ENOSPC/)
  })
})

describe('names', () => {
  it('S8: of a new log and of its first segment are durable before its first acknowledgement', async () => {
    const { log, disk } = await openLog()
    await append(log, ['first'])
    const again = await openLog({ disk: disk.crash({ kind: 'lose' }) })
    expect((await readAll(again.log)).records).toEqual([{ offset: 0, value: 'first' }])
  })

  it('S8: of a new segment are durable before anything in it is acknowledged', async () => {
    const { log, disk } = await openLog({ config: { segmentBytes: 200 } })
    for (let index = 0; index < 10; index++) {
      await append(log, [`value ${index} ${'x'.repeat(60)}`])
      const survivor = disk.clone().crash({ kind: 'lose' })
      const again = await openLog({ disk: survivor, config: { segmentBytes: 200 } })
      expect((await readAll(again.log)).records.length).toBe(index + 1)
    }
    expect((await disk.list(LOG_DIRECTORY)).filter((name) => name.endsWith('.log')).length).toBe(10)
  })

  it("S8: of a new segment come after the old one's records, even when flush is 'os'", async () => {
    const config = { segmentBytes: 200, flush: 'os' } as const
    const { log, disk } = await openLog({ config })
    for (let index = 0; index < 6; index++) await append(log, [`value ${index} ${'x'.repeat(60)}`])
    const again = await openLog({ disk: disk.crash({ kind: 'lose' }), config })
    const { records, errorCode } = await readAll(again.log)
    expect([errorCode, again.log.readOnlyReason]).toEqual(['NONE', null])
    expect(records.map((record) => record.offset)).toEqual([0, 1, 2, 3, 4])
  })

  it('S8: a recovery point replaces the old one only when it is whole on disk', async () => {
    const { log, disk, manager } = await openLog()
    await append(log, ['a'])
    await manager.close()
    const operations: string[] = []
    const again = await openLog({ disk })
    disk.onOperation = ({ name, path }) => {
      if (path.includes('recovery-point') || (name === 'fsync' && path === '/data/logs')) operations.push(name)
    }
    await append(again.log, ['b'])
    again.runtime.advance(1000)
    await settle()
    expect(operations).toEqual(['open', 'truncate', 'write', 'fdatasync', 'close', 'rename', 'fsync'])
  })
})

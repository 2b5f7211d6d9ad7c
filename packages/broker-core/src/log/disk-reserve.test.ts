// The reserve under real logs: what it takes, what it refuses, and when it looks at the disk.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  append,
  batchOf,
  DIRECTORY,
  freshDisk,
  openLog,
  randomFrom,
  readAll,
  TOPIC_ID,
  type OpenedLog,
} from '../../test/log/log-fixture.ts'
import type { FileHandle } from '../storage/file-system.ts'
import { MemoryFileSystem } from '../storage/memory-file-system.ts'
import { StorageError } from '../storage/storage-error.ts'
import { VirtualRuntime } from '../virtual-runtime.ts'

const RESERVE = 80_000
/** Free from which on records are taken again. */
const RESUME = 90_000
const VALUE = 'x'.repeat(1_000)
const BATCH = batchOf([VALUE]).length

/** What the disk says is free, and how often it was asked. */
let room: { free: number; looks: number; error: Error | null; hold: Promise<void> | null }
let opened: OpenedLog

async function settled(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve()
}

async function open(minFreeBytes = RESERVE): Promise<OpenedLog> {
  const runtime = new VirtualRuntime()
  const disk = Object.assign(await freshDisk(runtime), {
    freeBytes: async (directory: string) => {
      expect(directory).toBe(DIRECTORY)
      room.looks += 1
      const { free } = room
      await room.hold
      if (room.error !== null) throw room.error
      return free
    },
  })
  // The recovery point, which has an alarm of its own, is written long after all this.
  opened = await openLog({ runtime, disk, manager: { minFreeBytes, recoveryPointIntervalMs: 1e9 } })
  return opened
}

async function passed(delayMs: number): Promise<void> {
  opened.runtime.advance(delayMs)
  await settled()
}

const outcomes = async (count: number) => {
  const codes: string[] = []
  for (let index = 0; index < count; index++) codes.push((await append(opened.log, [VALUE])).errorCode)
  return codes
}
/** A log that could make room: more than a quarter of the reserve. */
const fill = () => outcomes(30)
const kinds = () => opened.events.map(({ kind }) => kind)

beforeEach(() => {
  room = { free: 1e9, looks: 0, error: null, hold: null }
})

afterEach(() => opened.manager.close())

describe('the reserve of the disk', () => {
  it('S10: records are refused before the disk is full, nothing of them is written, and the log goes on when there is room', async () => {
    const { log, manager, events } = await open()
    await fill()
    room.free = RESERVE + 2 * BATCH
    await passed(1_000)
    expect(await outcomes(2)).toEqual(['NONE', 'NONE'])
    room.free = RESERVE
    const refused = await append(log, [VALUE])
    expect(refused).toEqual({
      errorCode: 'KAFKA_STORAGE_ERROR',
      message:
        '80000 bytes of the disk are kept free of records (log.min.free.bytes), and 80000 are free: records are taken ' +
        'again when 90000 are; delete topics or records, or enlarge the disk',
    })
    expect(log).toMatchObject({ logEndOffset: 32, sizeBytes: 32 * BATCH, condition: 'sound', readOnlyReason: null })
    expect((await readAll(log)).records).toHaveLength(32)
    await passed(1_000)
    expect(await outcomes(2)).toEqual(['KAFKA_STORAGE_ERROR', 'KAFKA_STORAGE_ERROR'])
    room.free = RESUME
    await passed(1_000)
    expect(await append(log, [VALUE])).toMatchObject({ errorCode: 'NONE', baseOffset: 32 })
    expect(manager.diskReserve).toMatchObject({ isReached: false, refusedAppends: 3 })
    expect(events).toEqual([
      { kind: 'diskReserveReached', directory: DIRECTORY, freeBytes: RESERVE, reserveBytes: RESERVE },
      { kind: 'diskReserveRecovered', directory: DIRECTORY, freeBytes: RESUME, reserveBytes: RESERVE },
    ])
  })

  it('S10: whatever is appended, however slowly it is written, no write finds the disk full and all of it is recovered', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = randomFrom(seed)
      const disk = new SmallDisk(RESERVE + 400_000)
      await disk.makeDirectory('/data')
      disk.onOperation = async ({ name }) => {
        if (name === 'write') for (let turns = random() * 100; turns > 0; turns--) await Promise.resolve()
      }
      opened = await openLog({ disk, manager: { minFreeBytes: RESERVE } })
      const logs = [opened.log, await opened.manager.openLog(TOPIC_ID, 1)]
      const under: Promise<{ errorCode: string }>[] = []
      while (under.length < 400) {
        const values = Array.from({ length: 1 + Math.floor(random() * 5) }, () => VALUE)
        for (const log of logs) under.push(append(log, values))
        if (random() < 0.1) await passed(random() * 2_000)
      }
      const codes = (await Promise.all(under)).map(({ errorCode }) => errorCode)
      const taken = codes.filter((code) => code === 'NONE').length
      expect(codes.filter((code) => code === 'KAFKA_STORAGE_ERROR')).toHaveLength(codes.length - taken)
      expect(taken).toBeGreaterThan(400_000 / 5 / BATCH / 2)
      expect(taken).toBeLessThan(codes.length)
      expect(kinds()).toEqual(['diskReserveReached'])
      expect(disk.usedBytes).toBeGreaterThan(400_000 / 2)
      await opened.manager.close()
      opened = await openLog({ disk, manager: { minFreeBytes: RESERVE } })
      expect(opened.log.condition).toBe('sound')
      await opened.manager.close()
    }
  })

  it('a batch that does not fit ends it for smaller ones too, which would overtake it, until there is room for it', async () => {
    const { log, events } = await open()
    await fill()
    room.free = RESERVE + 11_000
    await passed(1_000)
    const large = 'x'.repeat(12_000)
    const needed = RESERVE + batchOf([large]).length
    for (let time = 0; time < 3; time++) {
      expect(await append(log, [large])).toMatchObject({
        errorCode: 'KAFKA_STORAGE_ERROR',
        message: expect.stringMatching(`and 91000 are free: records are taken again when ${needed} are`) as string,
      })
      expect(await outcomes(1)).toEqual(['KAFKA_STORAGE_ERROR'])
      await passed(1_000)
    }
    expect(events).toMatchObject([{ kind: 'diskReserveReached', freeBytes: 91_000 }])
    room.free = needed - 1
    await passed(1_000)
    expect(await outcomes(1)).toEqual(['KAFKA_STORAGE_ERROR'])
    room.free = needed
    await passed(1_000)
    expect(await append(log, [large])).toMatchObject({ errorCode: 'NONE' })
    room.free = 0
    await passed(1_000)
    room.free = RESUME
    await passed(1_000)
    expect(await outcomes(1)).toEqual(['NONE']) // the large one is forgotten
  })

  it('a large batch that is not sent again keeps nobody else out for long', async () => {
    const { log } = await open()
    await fill()
    room.free = RESERVE + 11_000
    await passed(1_000)
    expect(await append(log, ['x'.repeat(12_000)])).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
    for (let second = 0; second <= 10; second++) {
      expect(await outcomes(1)).toEqual(['KAFKA_STORAGE_ERROR'])
      await passed(1_000)
    }
    expect(await outcomes(1)).toEqual(['NONE'])
  })

  it('a batch that can never fit keeps nobody else out', async () => {
    room.free = RESERVE + 11_000
    const { log } = await open()
    const large = 'x'.repeat(12_000)
    for (let time = 0; time < 3; time++) {
      expect(await append(log, [large])).toMatchObject({
        message: expect.stringMatching(/are taken again when 92\d\d\d are/) as string,
      })
      await passed(100)
      expect(await outcomes(1)).toEqual(['NONE'])
    }
  })

  it('what an idempotent producer sends again is answered from the log, and what follows a refused batch is refused alike', async () => {
    room.free = RESERVE + BATCH
    const { log } = await open()
    const send = (baseSequence: number) =>
      append(log, [VALUE], { producerId: 7, producerEpoch: 0, baseSequence }).then(({ errorCode }) => errorCode)
    expect([await send(0), await send(1), await send(2)]).toEqual([
      'NONE',
      'KAFKA_STORAGE_ERROR',
      'KAFKA_STORAGE_ERROR',
    ])
    expect(await append(log, [VALUE], { producerId: 7, producerEpoch: 0, baseSequence: 0 })).toMatchObject({
      errorCode: 'NONE',
      baseOffset: 0,
    })
    room.free = RESUME + 10 * BATCH
    await passed(1_000)
    expect([await send(2), await send(1), await send(2)]).toEqual(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'NONE', 'NONE'])
  })

  it('S10: a new producer begins with the batch that found no room, not with those sent behind it', async () => {
    room.free = RESERVE + BATCH - 1
    const { log, manager } = await open()
    const other = await manager.openLog(TOPIC_ID, 1)
    room.free = 1e9 // since the look at the start
    const send = (baseSequence: number, to = log) =>
      append(to, [VALUE], { producerId: 7, producerEpoch: 0, baseSequence }).then(({ errorCode }) => errorCode)
    expect([await send(0), await send(1)]).toEqual(['KAFKA_STORAGE_ERROR', 'KAFKA_STORAGE_ERROR'])
    await manager.freeBytes()
    expect([await send(2), await send(3), await send(9, other)]).toEqual([
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      'NONE',
    ])
    expect([await send(0), await send(1), await send(2), await send(0)]).toEqual(['NONE', 'NONE', 'NONE', 'NONE'])
    expect((await readAll(log)).records).toHaveLength(3)
  })

  it('what no log would take is refused for what it is', async () => {
    room.free = 0
    const { log } = await open()
    const broken = batchOf(['a'])
    broken.writeUInt8(broken[30]! ^ 1, 30)
    expect(await log.append(broken, { acks: -1 })).toMatchObject({ errorCode: 'CORRUPT_MESSAGE' })
    const untimely = await append(log, ['a'], { timestampMs: 1e15 })
    expect(untimely).toMatchObject({ errorCode: 'INVALID_TIMESTAMP' })
  })

  it('the broker may use half of it for itself, and is no reason to refuse a producer', async () => {
    room.free = RESERVE / 2 + 2 * BATCH
    const { log, manager } = await open()
    const appended = async () => (await log.append(batchOf([VALUE]), { acks: -1, mayUseReserve: true })).errorCode
    expect([log.hasRoomFor(2 * BATCH), log.hasRoomFor(2 * BATCH + 1)]).toEqual([true, false])
    expect([await appended(), await appended()]).toEqual(['NONE', 'NONE'])
    expect([log.hasRoomFor(0), log.hasRoomFor(1)]).toEqual([true, false])
    expect(await log.append(batchOf([VALUE]), { acks: -1, mayUseReserve: true })).toEqual({
      errorCode: 'KAFKA_STORAGE_ERROR',
      message:
        '40000 bytes of the disk are kept free of what the broker records (half of log.min.free.bytes), and 40000 are ' +
        'free; delete topics or records, or enlarge the disk',
    })
    expect([log.condition, manager.diskReserve!.refusedAppends]).toEqual(['sound', 0])
    room.free = 1e9
    await passed(1_000)
    room.free = RESERVE + 10 * BATCH
    await manager.freeBytes()
    const tooLarge = batchOf(['x'.repeat(RESERVE / 2 + 10 * BATCH)])
    expect(await log.append(tooLarge, { acks: -1, mayUseReserve: true })).toMatchObject({
      errorCode: 'KAFKA_STORAGE_ERROR',
    })
    expect(await outcomes(9)).toEqual(Array(9).fill('NONE'))
    expect([await appended(), await appended()]).toEqual(['NONE', 'NONE'])
    expect(await outcomes(1)).toEqual(['KAFKA_STORAGE_ERROR'])
  })

  it('S10: however much the broker appends for itself, half of it stays free and no log goes offline', async () => {
    const disk = new SmallDisk(RESERVE + 400_000)
    await disk.makeDirectory('/data')
    opened = await openLog({ disk, manager: { minFreeBytes: RESERVE } })
    const own = await opened.manager.openLog(TOPIC_ID, 1)
    while ((await outcomes(1))[0] === 'NONE');
    const codes = new Set<string>()
    for (let index = 0; index < 1_000; index++) {
      const records = batchOf(['x'.repeat(1 + (index % 3_000))])
      const hasRoom = own.hasRoomFor(records.length)
      const { errorCode } = await own.append(records, { acks: 1, mayUseReserve: true })
      expect(errorCode).toBe(hasRoom ? 'NONE' : 'KAFKA_STORAGE_ERROR')
      codes.add(errorCode)
      if (index % 50 === 0) await passed(300)
    }
    expect(codes.size).toBe(2)
    expect([own.condition, opened.log.condition]).toEqual(['sound', 'sound'])
    expect(await disk.freeBytes()).toBeGreaterThanOrEqual(RESERVE / 2)
    expect(await disk.freeBytes()).toBeLessThan(RESERVE / 2 + 1_000)
  })

  it('it is there from the start: a disk that has less takes no records and says so', async () => {
    room.free = RESERVE - 1
    await open()
    expect(kinds()).toEqual(['diskReserveReached'])
    expect(await outcomes(1)).toEqual(['KAFKA_STORAGE_ERROR'])
  })

  it('there is none with 0, and none where the disk does not count', async () => {
    room.free = 0
    const { manager } = await open(0)
    expect([await outcomes(1), manager.diskReserve, room.looks]).toEqual([['NONE'], null, 0])
    expect(opened.log.hasRoomFor(1e12)).toBe(true)
    expect(await manager.freeBytes()).toBe(0)
    await manager.close()
    opened = await openLog({ manager: { minFreeBytes: RESERVE } })
    expect([await outcomes(1), opened.manager.diskReserve]).toEqual([['NONE'], null])
    expect(await opened.manager.freeBytes()).toBeNull()
  })

  it('it takes records again only with an eighth of itself above it', async () => {
    await open()
    await fill()
    room.free = 0
    await passed(1_000)
    room.free = RESUME - 1
    await passed(1_000)
    expect(await outcomes(1)).toEqual(['KAFKA_STORAGE_ERROR'])
    room.free = RESUME
    await passed(1_000)
    expect(await outcomes(1)).toEqual(['NONE'])
    expect(kinds()).toEqual(['diskReserveReached', 'diskReserveRecovered'])
  })

  it('a disk that never has that much takes records again when half of what they may have is free', async () => {
    room.free = RESERVE + 4 * BATCH
    await open()
    expect(await outcomes(2)).toEqual(['NONE', 'NONE'])
    for (const [free, outcome] of [
      [RESERVE - 1, 'KAFKA_STORAGE_ERROR'],
      [RESERVE + BATCH, 'KAFKA_STORAGE_ERROR'], // of three
      [RESERVE + 2 * BATCH, 'NONE'], // of four
    ] as const) {
      room.free = free
      await passed(1_000)
      expect(await outcomes(1)).toEqual([outcome])
    }
    expect(kinds()).toEqual(['diskReserveReached', 'diskReserveRecovered'])
  })
})

describe('a look at the disk', () => {
  it('comes once a second while records are taken, and every ten seconds while none are', async () => {
    const { runtime } = await open()
    const { alarmCount } = runtime
    expect(room.looks).toBe(1)
    for (let tenth = 0; tenth < 30; tenth++) {
      await outcomes(10)
      await passed(100)
    }
    expect([room.looks, runtime.alarmCount]).toEqual([4, alarmCount + 1]) // the recovery point's
    for (let second = 0; second < 60; second++) await passed(1_000)
    expect([room.looks, runtime.alarmCount]).toEqual([10, alarmCount + 1])
    await passed(9_000)
    await outcomes(1)
    await passed(0)
    expect(room.looks).toBe(11) // at once: the last one was long ago
    await passed(1_000)
    expect(room.looks).toBe(11)
    await passed(9_000)
    expect(room.looks).toBe(12)
  })

  it('S10: sees what other programs write while no records come: the next ones take no log offline', async () => {
    const disk = new SmallDisk(RESERVE + 400_000)
    await disk.makeDirectory('/data')
    opened = await openLog({ disk, manager: { minFreeBytes: RESERVE } })
    const logs = [opened.log, await opened.manager.openLog(TOPIC_ID, 1)]
    await passed(1_000)
    for (let second = 0; second < 60; second++) {
      disk.usedBytes = Math.min(disk.usedBytes + 10_000, RESERVE + 400_000)
      await passed(1_000)
    }
    expect(await disk.freeBytes()).toBe(0)
    const refused = await Promise.all(logs.map((log) => append(log, [VALUE])))
    expect(refused.map(({ errorCode }) => errorCode)).toEqual(['KAFKA_STORAGE_ERROR', 'KAFKA_STORAGE_ERROR'])
    expect(logs.map(({ condition }) => condition)).toEqual(['sound', 'sound'])
    expect(kinds()).toEqual(['diskReserveReached'])
  })

  it('comes at once when no room is thought to be left, and finds what was freed in the meantime', async () => {
    room.free = RESERVE + BATCH
    await open()
    await passed(100)
    room.free = 1e9
    expect(await outcomes(2)).toEqual(['NONE', 'KAFKA_STORAGE_ERROR'])
    await passed(0)
    expect([room.looks, await outcomes(1), kinds()]).toEqual([2, ['NONE'], []])
  })

  it('comes no more often than ten times a second, however often there is no room for a batch', async () => {
    room.free = RESERVE + BATCH
    const { log } = await open()
    for (let hundredth = 0; hundredth < 100; hundredth++) {
      expect(await append(log, [VALUE, VALUE])).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
      await passed(10)
    }
    expect(room.looks).toBe(1 + 10)
  })

  it('comes each second while there is no room, whoever asks in between', async () => {
    room.free = 0
    await open()
    for (let second = 1; second <= 5; second++) {
      await outcomes(10)
      await passed(1_000)
      expect(room.looks).toBe(1 + second)
    }
  })

  it('does not take for free what is not written yet', async () => {
    const { log, disk } = await open()
    room.free = RESERVE + 10 * BATCH
    await passed(2_000)
    let release = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    disk.onOperation = ({ name }) => (name === 'write' ? held : undefined)
    const waiting = Array.from({ length: 6 }, () => append(log, [VALUE]))
    expect(await opened.manager.freeBytes()).toBe(room.free) // six batches are in memory only
    const more = Array.from({ length: 5 }, () => append(log, [VALUE]))
    disk.onOperation = undefined
    release()
    const codes = await Promise.all([...waiting, ...more])
    expect(codes.map(({ errorCode }) => errorCode)).toEqual([...Array<string>(10).fill('NONE'), 'KAFKA_STORAGE_ERROR'])
  })

  it('does not take for free what was appended while it was under way', async () => {
    await open()
    room.free = RESERVE + 3 * BATCH
    let release = () => {}
    room.hold = new Promise((resolve) => (release = resolve))
    const look = opened.manager.freeBytes()
    expect(await outcomes(2)).toEqual(['NONE', 'NONE'])
    release()
    expect(await look).toBe(RESERVE + 3 * BATCH)
    expect(await outcomes(2)).toEqual(['NONE', 'KAFKA_STORAGE_ERROR'])
  })

  it('is never under way twice, and what is appended meanwhile is looked after in its turn', async () => {
    const { runtime } = await open()
    let release = () => {}
    room.hold = new Promise((resolve) => (release = resolve))
    await outcomes(1)
    await passed(1_000)
    const asked = [opened.manager.freeBytes(), opened.manager.freeBytes()]
    await outcomes(1)
    expect(runtime.alarmCount).toBe(2) // those of retention and of the recovery point
    await passed(10_000)
    expect(room.looks).toBe(2)
    room.hold = null
    release()
    expect(await Promise.all(asked)).toEqual([1e9, 1e9])
    await settled()
    await passed(0)
    expect(room.looks).toBe(3)
    expect([room.looks, runtime.alarmCount]).toEqual([3, 3]) // and the next look's
    await passed(9_999)
    expect([room.looks, runtime.alarmCount]).toEqual([3, 3])
  })

  it('that fails refuses nothing, and is told once until one succeeds', async () => {
    room.free = 0
    await open()
    room.error = new StorageError('statfs', DIRECTORY, new Error('EIO'))
    await passed(1_000)
    for (let second = 1; second <= 5; second++) {
      expect(await outcomes(3)).toEqual(['NONE', 'NONE', 'NONE'])
      await passed(1_000)
    }
    expect(await opened.manager.freeBytes()).toBeNull()
    expect(kinds()).toEqual(['diskReserveReached', 'diskReserveUnknown'])
    expect(opened.events.at(-1)).toMatchObject({ directory: DIRECTORY, error: room.error })
    room.error = null
    await outcomes(1)
    await passed(1_000)
    room.error = new StorageError('statfs', DIRECTORY, new Error('EIO'))
    await passed(1_000)
    expect(kinds().slice(2)).toEqual(['diskReserveReached', 'diskReserveUnknown'])
  })

  it('is waited for by whoever closes the logs, and none follows', async () => {
    room.free = 0
    const { manager, runtime } = await open()
    let release = () => {}
    room.hold = new Promise((resolve) => (release = resolve))
    await passed(1_000)
    let isClosed = false
    const closing = manager.close().then(() => (isClosed = true))
    await settled()
    expect(isClosed).toBe(false)
    release()
    await closing
    expect([room.looks, runtime.alarmCount]).toEqual([2, 0])
  })

  it('that is due is called off when the logs are closed', async () => {
    room.free = 0
    const { manager, runtime } = await open()
    await manager.close()
    await passed(10_000)
    expect([room.looks, runtime.alarmCount]).toEqual([1, 0])
  })
})

/** A disk that is full at some time: a write that finds no room leaves half of its bytes. Nothing is ever deleted from it. */
class SmallDisk extends MemoryFileSystem {
  usedBytes = 0
  private readonly sizeBytes: number

  constructor(sizeBytes: number) {
    super()
    this.sizeBytes = sizeBytes
  }

  async freeBytes(): Promise<number> {
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    return this.sizeBytes - this.usedBytes
  }

  override async open(path: string, mode: 'read' | 'write'): Promise<FileHandle> {
    const handle = await super.open(path, mode)
    const write = handle.write.bind(handle)
    return Object.assign(handle, {
      write: async (buffers: readonly Uint8Array[], position: number) => {
        const bytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
        if (this.usedBytes + bytes > this.sizeBytes) throw new StorageError('write', path, new Error('ENOSPC'))
        await write(buffers, position)
        this.usedBytes += bytes
      },
    })
  }
}

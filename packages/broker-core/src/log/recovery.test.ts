// What a log is after a crash, after rot, and after a crash during the repair.
import { assignOffsets, crc32c, readRecordBatchHeader, readRecords } from '@goqueue/protocol'
import { describe, expect, it, vi } from 'vitest'
import {
  append,
  batchOf,
  DIRECTORY,
  FIRST_SEGMENT,
  freshDisk,
  LOG_DIRECTORY,
  openLog,
  randomFrom,
  readAll,
  readFile,
  writeFile,
} from '../../test/log/log-fixture.ts'
import type { OpenedLog, SeenRecord } from '../../test/log/log-fixture.ts'
import type { MemoryFileSystem, PowerCut } from '../storage/memory-file-system.ts'

// Hundreds of restarts in one test; a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000 })

/** A log with three batches of different sizes, as a kill would leave it: no recovery point, no snapshot. */
async function threeBatches(): Promise<{ disk: MemoryFileSystem; bytes: Buffer; ends: number[] }> {
  const { log, disk } = await openLog()
  await append(log, ['a', 'b'])
  await append(log, ['c'.repeat(40)])
  await append(log, ['d', 'e', 'f'])
  const bytes = (await readFile(disk, FIRST_SEGMENT))!
  const ends: number[] = []
  for (let end = 0; end < bytes.length;) ends.push((end += readRecordBatchHeader(bytes, end).batchLength + 12))
  return { disk: disk.crash({ kind: 'lose' }), bytes, ends }
}

const values = (records: readonly SeenRecord[]) => records.map((record) => record.value)
const ALL_VALUES = ['a', 'b', 'c'.repeat(40), 'd', 'e', 'f']
const kinds = (opened: OpenedLog) => opened.events.map((event) => event.kind)

describe('a torn tail', () => {
  it('S1: is cut off wherever in the last two batches the file ends, and a copy is kept', async () => {
    const { disk, bytes, ends } = await threeBatches()
    for (let cut = ends[0]!; cut <= bytes.length; cut++) {
      const torn = disk.clone()
      await writeFile(torn, FIRST_SEGMENT, bytes.subarray(0, cut))
      const opened = await openLog({ disk: torn })
      const whole = ends.filter((end) => end <= cut).length
      const expected = ALL_VALUES.slice(0, [0, 2, 3, 6][whole])
      expect(values((await readAll(opened.log)).records)).toEqual(expected)
      const end = ends[whole - 1]!
      expect(await torn.sizeOf(FIRST_SEGMENT)).toBe(end)
      if (cut > end) {
        expect(opened.events).toMatchObject([
          { kind: 'torn-tail-truncated', offset: expected.length, bytes: cut - end },
        ])
        expect(await readFile(torn, `${FIRST_SEGMENT}.${end}.broken`)).toEqual(bytes.subarray(end, cut))
      } else {
        expect(opened.events).toEqual([])
      }
      expect(await append(opened.log, ['next'])).toMatchObject({ errorCode: 'NONE', baseOffset: expected.length })
    }
  })

  it('S1: is cut off whichever bit of the last batch is wrong', async () => {
    const { disk, bytes, ends } = await threeBatches()
    for (let bit = ends[1]! * 8; bit < bytes.length * 8; bit++) {
      const torn = disk.clone()
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      await writeFile(torn, FIRST_SEGMENT, flipped)
      const opened = await openLog({ disk: torn })
      expect(values((await readAll(opened.log)).records)).toEqual(ALL_VALUES.slice(0, 3))
      expect(kinds(opened)).toEqual(['torn-tail-truncated'])
      expect(await readFile(torn, `${FIRST_SEGMENT}.${ends[1]!}.broken`)).toEqual(flipped.subarray(ends[1]!))
    }
  })

  it('S1: may have lost an earlier sector and kept a later one', async () => {
    const { log, disk } = await openLog()
    const first = ['x'.repeat(700)]
    await append(log, first)
    for (let index = 0; index < 4; index++) await append(log, ['y'.repeat(700)])
    const survivor = disk.crash({ kind: 'lose' })
    const bytes = (await readFile(survivor, FIRST_SEGMENT))!
    await writeFile(survivor, FIRST_SEGMENT, Buffer.from(bytes).fill(0, 1024, 1536))
    const opened = await openLog({ disk: survivor })
    expect(kinds(opened)).toEqual(['torn-tail-truncated'])
    expect(values((await readAll(opened.log)).records)).toEqual(first)
    expect(await append(opened.log, ['next'])).toMatchObject({ errorCode: 'NONE', baseOffset: 1 })
  })

  it('S2: may be zeros, of any length', async () => {
    const { disk, bytes } = await threeBatches()
    for (const zeros of [1, 11, 12, 61, 512, 5000]) {
      const torn = disk.clone()
      await writeFile(torn, FIRST_SEGMENT, Buffer.concat([bytes, Buffer.alloc(zeros)]))
      const opened = await openLog({ disk: torn })
      expect(values((await readAll(opened.log)).records)).toEqual(ALL_VALUES)
      expect(opened.events).toMatchObject([{ kind: 'torn-tail-truncated', bytes: zeros }])
    }
  })

  it('S2: is not a batch whose checksum happens to be 0', async () => {
    const batch = withChecksumZero(batchOf(['before', 'xxxx']))
    expect(readRecordBatchHeader(batch).crc).toBe(0)
    const { log, disk } = await openLog()
    await append(log, ['first'])
    expect(await log.append(batch, { acks: -1 })).toMatchObject({ errorCode: 'NONE', baseOffset: 1 })
    const opened = await openLog({ disk: disk.crash({ kind: 'lose' }) })
    expect(opened.events).toEqual([])
    expect((await readAll(opened.log)).records.length).toBe(3)
  })

  it('is what remains of a batch that a value of the batch before it contains', async () => {
    const { log, disk } = await openLog()
    await append(log, ['a'])
    const embedded = batchOf(['embedded'])
    assignOffsets(embedded, 0, 500, 0)
    await append(log, [`${embedded.toString('latin1')} tail`])
    const survivor = disk.crash({ kind: 'lose' })
    const opened = await openLog({ disk: survivor })
    expect((await readAll(opened.log)).records.length).toBe(2)
  })
})

/** Four bytes of the value of the last record are chosen so that the CRC-32C comes out as 0: it is linear in them. */
function withChecksumZero(batch: Buffer): Buffer {
  const from = batch.length - 5
  const checksum = () => crc32c(batch, 21, batch.length)
  batch.fill(0, from, from + 4)
  let rest = checksum()
  const rows: { pivot: number; crc: number; bits: number[] }[] = []
  for (let bit = 0; bit < 32; bit++) {
    batch[from + (bit >> 3)]! ^= 1 << (bit & 7)
    let row = { crc: (checksum() ^ rest) >>> 0, bits: [bit] }
    batch[from + (bit >> 3)]! ^= 1 << (bit & 7)
    for (const known of rows) {
      if ((row.crc >>> known.pivot) & 1) row = { crc: (row.crc ^ known.crc) >>> 0, bits: [...row.bits, ...known.bits] }
    }
    if (row.crc !== 0) rows.push({ ...row, pivot: 31 - Math.clz32(row.crc) })
  }
  for (const row of rows) {
    if (!((rest >>> row.pivot) & 1)) continue
    rest = (rest ^ row.crc) >>> 0
    for (const bit of row.bits) batch[from + (bit >> 3)]! ^= 1 << (bit & 7)
  }
  batch.writeUInt32BE(checksum(), 17)
  return batch
}

describe('rot', () => {
  const config = { segmentBytes: 1200, indexIntervalBytes: 200 }

  async function closedLog(): Promise<{ disk: MemoryFileSystem; written: SeenRecord[]; logFiles: string[] }> {
    const { log, disk, manager } = await openLog({ config })
    for (let index = 0; index < 30; index++) {
      await append(
        log,
        Array.from({ length: 1 + (index % 4) }, (_, n) => `value ${index}.${n} ${'z'.repeat(index * 3)}`),
      )
    }
    const { records: written } = await readAll(log)
    await manager.close()
    const logFiles = (await disk.list(LOG_DIRECTORY)).filter((name) => name.endsWith('.log'))
    return { disk, written, logFiles }
  }

  /** Reads every offset on its own, so that damage hides nothing behind it. */
  async function readEach(opened: OpenedLog, written: readonly SeenRecord[]) {
    const unreadable: number[] = []
    for (const { offset, value } of written) {
      const outcome = await opened.log.read(offset, 1)
      if (outcome.errorCode === 'NONE') {
        const found = [...readRecords(outcome.records)].find((record) => record.offset === offset)
        expect(found?.value?.toString()).toBe(value)
      } else {
        expect(outcome.errorCode).toBe('CORRUPT_MESSAGE')
        unreadable.push(offset)
      }
    }
    return unreadable
  }

  it('S3: one wrong bit anywhere in durable records is reported or harmless, and costs one batch at most', async () => {
    const { disk, written, logFiles } = await closedLog()
    const random = randomFrom(3)
    for (let round = 0; round < 200; round++) {
      const rotten = disk.clone()
      const name = `${LOG_DIRECTORY}/${logFiles[Math.floor(random() * logFiles.length)]!}`
      const bytes = (await readFile(rotten, name))!
      const bit = Math.floor(random() * bytes.length * 8)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      await writeFile(rotten, name, bytes)
      const opened = await openLog({ disk: rotten, config, manager: { tailCacheBytes: 0 } })
      const unreadable = await readEach(opened, written)
      const hint = `round ${round} of seed 3: bit ${bit} of ${name}`
      expect(unreadable.length, hint).toBeGreaterThan(0)
      expect(unreadable.length, hint).toBeLessThanOrEqual(4)
      expect(kinds(opened), hint).toContain('rot-found')
      expect(await rotten.sizeOf(name), hint).toBe(bytes.length)
      expect(opened.log.highWatermark).toBe(written.length)
    }
  })

  it('S3: below the recovery point it is never cut off, and the log takes no appends', async () => {
    const { disk, written, logFiles } = await closedLog()
    const last = `${LOG_DIRECTORY}/${logFiles.at(-1)!}`
    const bytes = (await readFile(disk, last))!
    for (const rotten of [bytes.subarray(0, bytes.length - 1), Buffer.from(bytes).fill(7, bytes.length - 330)]) {
      const damaged = disk.clone()
      await writeFile(damaged, last, rotten)
      for (let start = 0; start < 2; start++) {
        const opened = await openLog({ disk: damaged, config })
        expect(kinds(opened)).toContain('log-quarantined')
        expect(await append(opened.log, ['no'])).toMatchObject({ errorCode: 'KAFKA_STORAGE_ERROR' })
        expect(await opened.log.deleteRecordsBefore(-1)).toEqual({ errorCode: 'KAFKA_STORAGE_ERROR' })
        expect((await readEach(opened, written)).length).toBeGreaterThan(0)
        expect(opened.log.logEndOffset).toBe(written.length)
        expect(await readFile(damaged, last)).toEqual(rotten)
        await opened.manager.close()
      }
    }
  })

  it('S3: with good batches behind it is never cut off, even above the recovery point', async () => {
    const { disk, bytes, ends } = await threeBatches()
    const rotten = Buffer.from(bytes)
    rotten[ends[1]! - 5]! ^= 1
    await writeFile(disk, FIRST_SEGMENT, rotten)
    const opened = await openLog({ disk })
    expect(kinds(opened)).toEqual(['rot-found', 'log-quarantined'])
    expect(values((await readAll(opened.log)).records)).toEqual(['a', 'b'])
    expect(await opened.log.read(2, 100)).toEqual({ errorCode: 'CORRUPT_MESSAGE' })
    expect(values((await readAll(opened.log, 3)).records)).toEqual(['d', 'e', 'f'])
    expect(await readFile(disk, FIRST_SEGMENT)).toEqual(rotten)
  })

  it('S3: a missing segment is reported, and the others are served', async () => {
    const { disk, written, logFiles } = await closedLog()
    for (const [index, name] of logFiles.entries()) {
      const damaged = disk.clone()
      await damaged.remove(`${LOG_DIRECTORY}/${name}`)
      const opened = await openLog({ disk: damaged, config, manager: { tailCacheBytes: 0 } })
      const unreadable = await readEach(opened, written.slice(opened.log.logStartOffset))
      const isReported = kinds(opened).includes('rot-found') || kinds(opened).includes('log-quarantined')
      expect(isReported, `without segment ${index}`).toBe(true)
      expect(unreadable.length + opened.log.logStartOffset).toBeGreaterThan(0)
      expect(opened.log.logEndOffset).toBe(written.length)
    }
  })

  it('S3: a log whose whole directory is gone does not begin anew', async () => {
    const { disk, written } = await closedLog()
    await disk.removeDirectory(LOG_DIRECTORY)
    const opened = await openLog({ disk, config })
    expect(kinds(opened)).toEqual(['log-quarantined'])
    expect(await opened.log.read(0, 100)).toEqual({ errorCode: 'CORRUPT_MESSAGE' })
    expect(opened.log.logEndOffset).toBe(written.length)
  })

  it('in the recovery point is reported, and the logs open without it', async () => {
    const { disk, written } = await closedLog()
    const bytes = (await readFile(disk, `${DIRECTORY}/recovery-point`))!
    bytes[bytes.length >> 1]! ^= 1
    await writeFile(disk, `${DIRECTORY}/recovery-point`, bytes)
    const opened = await openLog({ disk, config })
    expect(kinds(opened)).toEqual(['recovery-point-damaged'])
    expect((await readAll(opened.log)).records).toEqual(written)
  })
})

describe('a restart', () => {
  it('S4: shows nothing that a power cut can take back', async () => {
    const { log, disk } = await openLog()
    await append(log, ['durable'])
    disk.onOperation = ({ name }) => (name === 'fdatasync' ? new Promise(() => {}) : undefined)
    await log.append(batchOf(['written only']), { acks: 1 })
    const afterKill = await openLog({ disk: disk.crash({ kind: 'keep' }) })
    const first = (await readAll(afterKill.log)).records
    expect(values(first)).toEqual(['durable', 'written only'])
    const afterPowerCut = await openLog({ disk: afterKill.disk.crash({ kind: 'lose' }) })
    expect((await readAll(afterPowerCut.log)).records).toEqual(first)
  })

  it('scans only above the recovery point', async () => {
    const { log, disk, manager } = await openLog()
    for (let index = 0; index < 500; index++) await append(log, ['x'.repeat(1000)])
    await manager.close()
    let bytesRead = 0
    const reads = disk.open.bind(disk)
    disk.open = async (path, mode) => {
      const handle = await reads(path, mode)
      const read = handle.read.bind(handle)
      return Object.assign(handle, {
        read: async (buffer: Uint8Array, position: number) => {
          if (path.endsWith('.log')) bytesRead += buffer.length
          return read(buffer, position)
        },
      })
    }
    const opened = await openLog({ disk })
    expect(opened.log.highWatermark).toBe(500)
    expect(bytesRead).toBeLessThan(30_000)
  })

  it('S1 S6: finds the same log, and has kept what was cut off, when recovery itself was cut short at any operation', async () => {
    const { disk, bytes, ends } = await threeBatches()
    const torn = bytes.subarray(ends[1], ends[2]! - 7)
    await writeFile(disk, FIRST_SEGMENT, bytes.subarray(0, ends[2]! - 7))
    const expected = ALL_VALUES.slice(0, 3)
    let operations = 0
    for (let nth = 1; operations === nth - 1; nth++) {
      for (const cut of powerCuts(nth)) {
        const dying = disk.clone()
        dying.dieAtOperation(nth)
        await openLog({ disk: dying }).catch(() => {})
        if (dying.isDead) operations = nth
        const survivor = dying.crash(cut)
        const recovered = await openLog({ disk: survivor })
        expect(values((await readAll(recovered.log)).records), `operation ${nth}, ${cut.kind}`).toEqual(expected)
        expect(recovered.log.readOnlyReason).toBeNull()
        expect(await brokenFiles(survivor), `operation ${nth}, ${cut.kind}`).toContainEqual(torn)
        expect(await append(recovered.log, ['next'])).toMatchObject({ errorCode: 'NONE', baseOffset: 3 })
      }
    }
    expect(operations).toBeGreaterThan(15)
  })

  it('S6: recovers to the same bytes again and again', async () => {
    const { disk, bytes } = await threeBatches()
    await writeFile(disk, FIRST_SEGMENT, bytes.subarray(0, bytes.length - 7))
    await openLog({ disk })
    const once = await readFile(disk, FIRST_SEGMENT)
    const names = await disk.list(LOG_DIRECTORY)
    const again = await openLog({ disk })
    expect(again.events).toEqual([])
    expect(await readFile(disk, FIRST_SEGMENT)).toEqual(once)
    expect(await disk.list(LOG_DIRECTORY)).toEqual(names)
  })
})

/** What was kept of torn tails. */
async function brokenFiles(disk: MemoryFileSystem): Promise<(Buffer | null)[]> {
  const names = (await disk.list(LOG_DIRECTORY)).filter((name) => name.endsWith('.broken'))
  return Promise.all(names.map((name) => readFile(disk, `${LOG_DIRECTORY}/${name}`)))
}

function powerCuts(seed: number): PowerCut[] {
  return [{ kind: 'lose' }, { kind: 'keep' }, { kind: 'tear', random: randomFrom(seed) }]
}

describe('the indexes', () => {
  const config = { segmentBytes: 4000, indexIntervalBytes: 200 }

  it('S9: are only caches: deleted, cut, random or with wrong bits, every read stays the same', async () => {
    const { log, disk, manager } = await openLog({ config })
    for (let index = 0; index < 80; index++) {
      await append(log, [`value ${index}`, 'y'.repeat(index % 50)], { timestampMs: 1000 + ((index * 7) % 80) * 10 })
    }
    const written = (await readAll(log)).records
    const timestamps = Array.from({ length: 40 }, (_, n) => 990 + n * 23)
    const times = (opened: OpenedLog) => Promise.all(timestamps.map((time) => opened.log.offsetForTimestamp(time)))
    await manager.close()
    const sound = await openLog({ disk: disk.clone(), config })
    const expectedTimes = await times(sound)
    const expectedMax = await sound.log.maxTimestamp()
    const indexes = (await disk.list(LOG_DIRECTORY)).filter((name) => /\.(time)?index$/.test(name))
    expect(indexes.length).toBeGreaterThan(4)
    const random = randomFrom(9)
    const damages: ((bytes: Buffer) => Buffer | null)[] = [
      () => null,
      () => Buffer.alloc(0),
      (bytes) => bytes.subarray(0, Math.floor(random() * bytes.length)),
      (bytes) => bytes.map(() => Math.floor(random() * 256)) as Buffer,
      (bytes) => Buffer.concat([bytes, Buffer.alloc(24)]),
      ...Array.from({ length: 4 }, () => (bytes: Buffer) => {
        const bit = Math.floor(random() * bytes.length * 8)
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        return bytes
      }),
    ]
    for (const name of indexes) {
      for (const [kind, damage] of damages.entries()) {
        const damaged = disk.clone()
        const path = `${LOG_DIRECTORY}/${name}`
        const bytes = damage((await readFile(damaged, path))!)
        if (bytes === null) await damaged.remove(path)
        else await writeFile(damaged, path, bytes)
        const opened = await openLog({ disk: damaged, config, manager: { tailCacheBytes: 0 } })
        const hint = `damage ${kind} of ${name}`
        for (const offset of [0, 79, 159]) {
          expect((await readAll(opened.log, offset, 300)).records, hint).toEqual(written.slice(offset))
        }
        expect(await times(opened), hint).toEqual(expectedTimes)
        expect(await opened.log.maxTimestamp(), hint).toEqual(expectedMax)
        expect(await append(opened.log, ['next']), hint).toMatchObject({ errorCode: 'NONE', baseOffset: 160 })
      }
    }
  })

  it('S9: have the entries that Kafka writes: last offset and start of a batch, and timestamps that rise', async () => {
    const { log, disk, manager } = await openLog({ config: { indexIntervalBytes: 200 } })
    for (let index = 0; index < 20; index++) await append(log, [`value ${index}`, 'y'], { timestampMs: 1000 + index })
    await manager.close()
    const bytes = (await readFile(disk, FIRST_SEGMENT))!
    const index = (await readFile(disk, FIRST_SEGMENT.replace('.log', '.index')))!
    expect(index.length).toBeGreaterThan(16)
    for (let at = 0; at < index.length; at += 8) {
      const header = readRecordBatchHeader(bytes, index.readInt32BE(at + 4))
      expect(header.baseOffset + header.lastOffsetDelta).toBe(index.readInt32BE(at))
    }
    const times = (await readFile(disk, FIRST_SEGMENT.replace('.log', '.timeindex')))!
    for (let at = 0; at < times.length; at += 12) {
      expect(Number(times.readBigInt64BE(at)) - 1000).toBe((times.readInt32BE(at + 8) - 1) / 2)
    }
    expect(times.readInt32BE(times.length - 4)).toBe(39)
  })
})

describe('the producer snapshots', () => {
  it('are caches too: without them, or with damaged ones, the log tells the same', async () => {
    const { log, disk, manager } = await openLog({ config: { segmentBytes: 300 } })
    const batch = (sequence: number) => batchOf(['a'], { producerId: 7, producerEpoch: 0, baseSequence: sequence })
    for (let sequence = 0; sequence < 12; sequence++) await log.append(batch(sequence), { acks: -1 })
    await manager.close()
    const snapshots = (await disk.list(LOG_DIRECTORY)).filter((name) => name.endsWith('.snapshot'))
    expect(snapshots.length).toBe(2)
    for (const damage of ['remove', 'flip'] as const) {
      const damaged = disk.clone()
      for (const name of snapshots) {
        const path = `${LOG_DIRECTORY}/${name}`
        const bytes = (await readFile(damaged, path))!
        bytes[bytes.length - 1]! ^= 1
        if (damage === 'remove') await damaged.remove(path)
        else await writeFile(damaged, path, bytes)
      }
      const opened = await openLog({ disk: damaged, config: { segmentBytes: 300 } })
      expect(await opened.log.append(batch(11), { acks: -1 })).toMatchObject({ errorCode: 'NONE', baseOffset: 11 })
      expect(await opened.log.append(batch(12), { acks: -1 })).toMatchObject({ errorCode: 'NONE', baseOffset: 12 })
    }
  })
})

it('a fresh disk needs nothing to be recovered', async () => {
  const opened = await openLog({ disk: await freshDisk() })
  expect([opened.log.logStartOffset, opened.log.logEndOffset, opened.events]).toEqual([0, 0, []])
})

// Cuts the power at every single operation of a working log, and of a random one, and looks at what is left.
import { describe, expect, it } from 'vitest'
import type { LogConfig } from '../../src/log/log-config.ts'
import type { PartitionLog } from '../../src/log/partition-log.ts'
import type { MemoryFileSystem, PowerCut } from '../../src/storage/memory-file-system.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { batchOf, freshDisk, openLog, randomFrom, readAll } from '../log/log-fixture.ts'
import type { OpenedLog } from '../log/log-fixture.ts'

const config: Partial<LogConfig> = { segmentBytes: 700, indexIntervalBytes: 100 }

/** What a log must hold: every record by its offset, and how far acknowledgements reach. */
interface Model {
  values: string[]
  acked: number
  startOffset: number
}

/** Appends a batch; the model learns of it at once, and of its acknowledgement when it comes. */
async function appendTo(log: PartitionLog, model: Model, values: string[], producer = {}): Promise<void> {
  const baseOffset = log.logEndOffset
  const outcome = log.append(batchOf(values, producer), { acks: -1 })
  if (log.logEndOffset > baseOffset) model.values.splice(baseOffset, Infinity, ...values)
  const settled = await outcome
  if (settled.errorCode !== 'NONE') return
  expect(settled.baseOffset).toBe(baseOffset)
  model.acked = Math.max(model.acked, baseOffset + values.length)
}

/** Reopens what survived and checks it against the model: acknowledged records all there, the rest a clean prefix. */
async function recovered(disk: MemoryFileSystem, model: Model, hint: string): Promise<OpenedLog> {
  const opened = await openLog({ disk, config, manager: { tailCacheBytes: 0 } })
  const { log } = opened
  expect(log.readOnlyReason, hint).toBeNull()
  expect(log.highWatermark, hint).toBeGreaterThanOrEqual(model.acked)
  expect(log.logEndOffset, hint).toBe(log.highWatermark)
  expect(log.logStartOffset, hint).toBeGreaterThanOrEqual(model.startOffset)
  const { records, errorCode } = await readAll(log)
  expect(errorCode, hint).toBe('NONE')
  const expected = model.values.slice(log.logStartOffset, log.logEndOffset)
  expect(records, hint).toEqual(expected.map((value, index) => ({ offset: log.logStartOffset + index, value })))
  return opened
}

function cuts(seed: number): PowerCut[] {
  return [{ kind: 'lose' }, { kind: 'keep' }, { kind: 'tear', random: randomFrom(seed) }]
}

describe('a power cut', () => {
  /** Two starts, appends one by one and together, rolls, deletion, an idempotent producer, a recovery point, a close. */
  async function work(disk: MemoryFileSystem, model: Model): Promise<void> {
    const runtime = new VirtualRuntime()
    for (const start of [0, 1]) {
      const { log, manager } = await openLog({ disk, runtime, config })
      for (let index = 0; index < 4; index++) await appendTo(log, model, [`${start} ${index}`, 'x'.repeat(index * 60)])
      await Promise.all(
        Array.from({ length: 5 }, (_, index) => {
          const producer = { producerId: 3, producerEpoch: start, baseSequence: index }
          return appendTo(log, model, [`together ${start} ${index}`], producer)
        }),
      )
      runtime.advance(1000)
      await appendTo(log, model, ['after the recovery point'])
      const outcome = await log.deleteRecordsBefore(log.highWatermark - 3)
      if (outcome.errorCode === 'NONE') model.startOffset = outcome.logStartOffset
      await manager.close()
    }
  }

  it('S1: S8: at any operation loses nothing that was acknowledged, and leaves a log that works', async () => {
    let operations = 0
    for (let nth = 1; operations === nth - 1; nth++) {
      const disk = await freshDisk()
      disk.dieAtOperation(nth)
      const model: Model = { values: [], acked: 0, startOffset: 0 }
      await work(disk, model).catch(() => {})
      if (disk.isDead) operations = nth
      for (const cut of cuts(nth)) {
        const hint = `power cut at operation ${nth}, ${cut.kind}`
        const survivor = disk.clone().crash(cut)
        const { log } = await recovered(survivor, model, hint)
        expect(await log.append(batchOf(['next']), { acks: -1 }), hint).toMatchObject({ errorCode: 'NONE' })
        if (cut.kind === 'keep') continue
        const again = survivor.crash({ kind: 'lose' })
        const last = (await readAll((await openLog({ disk: again, config })).log)).records.at(-1)
        expect(last, hint).toMatchObject({ value: 'next', offset: log.logEndOffset - 1 })
      }
    }
    expect(operations).toBeGreaterThan(150)
  }, 60_000)

  it('S5: after a single failing operation loses nothing that was acknowledged either', async () => {
    for (let nth = 1; nth <= 150; nth++) {
      const disk = await freshDisk()
      disk.failOperation(nth, 'EIO')
      const model: Model = { values: [], acked: 0, startOffset: 0 }
      await work(disk, model).catch(() => {})
      await recovered(disk.crash({ kind: 'lose' }), model, `EIO at operation ${nth}`)
    }
  }, 60_000)
})

describe('a log under random work', () => {
  const seeds =
    process.env['SEED'] === undefined ? Array.from({ length: 40 }, (_, n) => n + 1) : [Number(process.env['SEED'])]

  async function run(seed: number): Promise<void> {
    const random = randomFrom(seed)
    const below = (limit: number) => Math.floor(random() * limit)
    const model: Model = { values: [], acked: 0, startOffset: 0 }
    const runtime = new VirtualRuntime()
    let opened = await openLog({ disk: await freshDisk(), runtime, config })
    let sequence = 0
    const hint = `SEED=${seed} npx vitest run packages/broker-core/test/crash/partition-log.test.ts`
    const reopen = async (disk: MemoryFileSystem) => {
      opened = await recovered(disk, model, hint)
      // What was not acknowledged and did not survive will never come back.
      model.values.length = opened.log.logEndOffset
      sequence = 0
    }
    for (let step = 0; step < 60; step++) {
      const { log, manager, disk } = opened
      const values = Array.from({ length: 1 + below(3) }, (_, n) => `${step}.${n} ${'x'.repeat(below(200))}`)
      switch (below(10)) {
        case 0:
          await log.deleteRecordsBefore(below(log.highWatermark + 1))
          break
        case 1:
          await log.applyRetention(0)
          break
        case 2:
          await manager.close()
          await reopen(disk)
          break
        case 3: {
          const cut = cuts(seed * 1000 + step)[below(3)]!
          const pending = appendTo(log, model, values).catch(() => {})
          for (let turns = below(40); turns > 0; turns--) await Promise.resolve()
          const survivor = disk.crash(cut)
          await pending
          await reopen(survivor)
          break
        }
        case 4:
          runtime.advance(1000)
          break
        case 5: {
          const producer = { producerId: 1000 + step, producerEpoch: 0, baseSequence: sequence++ }
          await appendTo(log, model, values, producer)
          const baseOffset = log.logEndOffset - values.length
          const repeated = await log.append(batchOf(values, producer), { acks: -1 })
          expect(repeated, hint).toMatchObject({ errorCode: 'NONE', baseOffset })
          break
        }
        case 6:
          await Promise.all(values.map((value) => appendTo(log, model, [value])))
          break
        default:
          await appendTo(log, model, values)
      }
      model.startOffset = opened.log.logStartOffset
      const { records } = await readAll(opened.log)
      expect(
        records.map((record) => record.value),
        hint,
      ).toEqual(model.values.slice(opened.log.logStartOffset, opened.log.highWatermark))
    }
  }

  it('S14: never has a gap, an overlap or a changed record, through rolls, retention, deletion, restarts and crashes', async () => {
    for (const seed of seeds) await run(seed)
  }, 60_000)
})

// Damaged and invented requests of the original dialect, against a whole broker, each run from a seed.
import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { openBroker, type Broker, type BrokerEvent } from '../../src/index.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { WireClient } from '../wire/wire-client.ts'

vi.setConfig({ testTimeout: 60_000 })

const recorded = new URL('../../../protocol/test/golden/wire-v1.json', import.meta.url)
const { exchanges } = JSON.parse(readFileSync(recorded, 'utf8')) as { exchanges: readonly { request: string }[] }

const CODE_1 = Buffer.from('000000020001', 'hex')
const NAMES = [
  '',
  'orders',
  'missing',
  '__proto__',
  'constructor',
  '../x',
  'a b',
  '组',
  'x'.repeat(250),
  'x'.repeat(1_025),
]
const NUMBERS = [0, 0, 1, 30_000, -2_147_483_648, -2, -1, 0, 1, 4, 1_000, 30_000, 1_800_001, 2_147_483_647]

const int32 = (value: number) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])
const text = (value: string) => Buffer.concat([int32(Buffer.byteLength(value)).subarray(2), Buffer.from(value)])

/** A request that was recorded, with some bytes changed, cut off or appended. */
const damaged = fc
  .record({
    hex: fc.constantFrom(...exchanges.map(({ request }) => request)),
    flips: fc.array(fc.record({ at: fc.nat(200), to: fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff) }), { maxLength: 3 }),
    cut: fc.oneof(fc.constant(0), fc.nat(60)),
    tail: fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ maxLength: 20 })),
  })
  .map(({ hex, flips, cut, tail }) => {
    const whole = Buffer.from(hex, 'hex')
    for (const { at, to } of flips) whole[6 + (at % (whole.length - 5))] = to // behind what makes it this dialect
    return Buffer.concat([whole.subarray(0, Math.max(6, whole.length - cut)), tail])
  })

const name = fc.constantFrom(...NAMES).map(text)
const number = fc.constantFrom(...NUMBERS).map(int32)
const long = fc.tuple(fc.constantFrom(0, 0, 0, -1, 0x7fffffff), fc.constantFrom(0, 1, 3, 99, -1)).map(([high, low]) => {
  return Buffer.concat([int32(high), int32(low)])
})
const messages = fc.array(fc.uint8Array({ maxLength: 6 }), { maxLength: 3 }).map((values) => {
  const set = Buffer.concat(values.flatMap((value) => [int32(value.length), value]))
  return Buffer.concat([Buffer.from([0]), int32(set.length), set])
})
const topics = fc.array(name, { maxLength: 3 }).map((names) => Buffer.concat([int32(names.length), ...names]))

/** The fields of each type of request, in their order; what is in them is anything. */
const FIELDS: readonly (readonly fc.Arbitrary<Buffer>[])[] = [
  [name, number, messages],
  [name, number, long, number],
  [name, number, number],
  [name, name, name, topics, number],
  [name, name],
  [name, name, number],
  [name, name, number, long, name],
  [name, name, number],
  [],
  [name],
  [],
  [name],
  [name],
  [name],
]
const invented = fc
  .integer({ min: 0, max: FIELDS.length - 1 })
  .chain((type) => fc.tuple(fc.constant(int32(type)), fc.constant(Buffer.from([0, 1])), ...(FIELDS[type] ?? [])))
  .map((parts) => Buffer.concat(parts))

const requests = fc.array(
  fc.record({
    bytes: fc.oneof(damaged, invented),
    /** Where the stream is cut into chunks. */
    cuts: fc.array(fc.nat(80), { maxLength: 2 }),
    advanceMs: fc.constantFrom(0, 0, 0, 100, 2_000, 40_000),
  }),
  { minLength: 10, maxLength: 25 },
)

/** Sends a request in chunks and then nothing more; what comes back until the end of the connection. */
async function exchange(broker: Broker, bytes: Buffer, cuts: readonly number[]): Promise<Buffer> {
  const wire: Duplex = broker.connect()
  const answer: Buffer[] = []
  wire.on('data', (chunk: Buffer) => answer.push(chunk))
  wire.on('error', () => {})
  const closed = new Promise((resolve) => wire.once('close', resolve))
  const places = cuts.map((place) => place % (bytes.length + 1)).sort((left, right) => left - right)
  for (const [index, start] of [0, ...places].entries()) wire.write(bytes.subarray(start, places[index]))
  wire.end()
  await closed
  return Buffer.concat(answer)
}

it('N5 N16 N17: any bytes of the original dialect get one whole answer, and cost nobody else anything', async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (sequence) => {
      const events: BrokerEvent[] = []
      const runtime = new VirtualRuntime()
      const broker = await openBroker({ memory: true, runtime, maxGroups: 20, report: (event) => events.push(event) })
      await exchange(broker, Buffer.from(exchanges[0]!.request, 'hex'), [])
      const canary = new WireClient(broker)
      for (const { bytes, cuts, advanceMs } of sequence) {
        const answer = await exchange(broker, bytes, cuts)
        expect(answer.length, bytes.toString('hex')).toBeGreaterThanOrEqual(CODE_1.length)
        expect(answer.readInt32BE(0), bytes.toString('hex')).toBe(answer.length - 4)
        runtime.advance(advanceMs)
      }
      const { groups } = await canary.request('ListGroups', 4, {})
      const described = await canary.request('DescribeGroups', 5, { groups: groups.map(({ groupId }) => groupId) })
      expect(described.groups.map(({ errorCode }) => errorCode)).toEqual(groups.map(() => 'NONE'))
      const { connections, requestMemory, assertionFailuresTotal } = broker.metrics()
      expect([connections.open, requestMemory.usedBytes, assertionFailuresTotal]).toEqual([1, 0, 0])
      expect(events.filter(({ level }) => level === 'error')).toEqual([])
      await broker.close()
    }),
    { numRuns: 60 },
  )
})

it('the requests that the original named and never answered get code 1, and the end', async () => {
  const broker = await openBroker({ memory: true, runtime: new VirtualRuntime() })
  for (const type of [8, 9]) {
    const request = Buffer.concat([int32(type), Buffer.from([0, 1]), text('billing')])
    expect(await exchange(broker, request, [])).toEqual(CODE_1)
  }
  await broker.close()
})

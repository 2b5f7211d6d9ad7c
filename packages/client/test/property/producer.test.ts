// User-pain 5: whatever breaks and whenever, concurrent sends of an idempotent producer lose nothing, double nothing, reorder nothing.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ConsumerRecord } from '../../src/index.ts'
import { World } from '../world.ts'

const PARTITIONS = 3

/** What happens between two turns of the event loop. */
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), count: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turns' as const), count: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), count: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), count: fc.integer({ min: 1, max: 200 }) }) },
)

it('user-pain 5, I22: every record sent is in the log once, where its send said, in the order of the sends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 5, maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      async (actions, maxInFlight, batchBytes, seed) => {
        const world = await World.open({ seed })
        try {
          const client = world.client()
          await world.run(client.admin().createTopic({ name: 'orders', partitions: PARTITIONS }))
          const producer = client.producer({ maxInFlight, batchBytes })
          const sends: { partition: number; value: string; place: Promise<{ partition: number; offset: number }> }[] =
            []
          for (const { do: what, count } of actions) {
            if (what === 'cut') world.cut()
            else if (what === 'pass') await world.pass(count)
            else if (what === 'turns')
              for (let i = 0; i < count; i++) await new Promise((resume) => setImmediate(resume))
            else {
              for (let i = 0; i < count; i++) {
                const partition = sends.length % PARTITIONS
                const value = String(sends.length)
                sends.push({ partition, value, place: producer.send({ topic: 'orders', partition, value }) })
              }
            }
          }
          const places = await world.run(Promise.all(sends.map((send) => send.place)))
          const log = await contents(world)
          for (const partition of [0, 1, 2]) {
            const expected = sends.filter((send) => send.partition === partition).map((send) => send.value)
            expect(log.get(partition) ?? []).toEqual(expected)
          }
          sends.forEach(({ partition, value }, index) => {
            expect(places[index]!.partition).toBe(partition)
            expect(log.get(partition)![places[index]!.offset]).toBe(value)
          })
        } finally {
          await world.close()
        }
      },
    ),
    { numRuns: 60 },
  )
}, 60_000)

async function contents(world: World): Promise<Map<number, string[]>> {
  const client = world.client()
  const { partitionDetails } = await world.run(client.admin().describeTopic('orders'))
  const consumer = client.consumer()
  consumer.assign(
    partitionDetails.map(({ partition }) => ({ topic: 'orders', partition, offset: 'earliest' as const })),
  )
  const iterator = consumer[Symbol.asyncIterator]()
  const found = new Map<number, string[]>()
  for (let left = partitionDetails.reduce((sum, { endOffset }) => sum + endOffset, 0); left > 0; left--) {
    const { value: record } = (await world.run(iterator.next())) as { value: ConsumerRecord }
    found.set(record.partition, [...(found.get(record.partition) ?? []), record.value!.toString()])
  }
  return found
}

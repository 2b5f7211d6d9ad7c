// What is committed by itself while commits fail and wait.
import { VirtualRuntime } from '@goqueue/broker-core/testing'
import { beforeEach, expect, it } from 'vitest'
import { AutoCommit } from './auto-commit.ts'
import { ConnectionError, GoQueueError, KafkaError } from './errors.ts'
import { PartitionLane } from './partition-lane.ts'
import { Deferred } from './waiting.ts'

const INTERVAL_MS = 100

let runtime: VirtualRuntime
let lane: PartitionLane
/** The commits asked for, each with its outcome to be given. */
let asked: { readonly offset: number; readonly outcome: Deferred<void> }[]
let failures: Error[]
let autoCommit: AutoCommit

beforeEach(() => {
  runtime = new VirtualRuntime()
  lane = new PartitionLane('orders', 0, 0, 1_000)
  asked = []
  failures = []
  autoCommit = new AutoCommit({
    runtime,
    commit: (_, offset) => {
      const outcome = new Deferred<void>()
      asked.push({ offset, outcome })
      return outcome.promise
    },
    onFailure: (error) => void failures.push(error),
  })
})

const finish = (offset: number) => autoCommit.finish(lane, offset, INTERVAL_MS)
const turn = () => new Promise((resume) => setImmediate(resume))
const offsets = () => asked.map(({ offset }) => offset)

async function pass(delayMs: number): Promise<void> {
  runtime.advance(delayMs)
  await turn()
}

it('I4: one commit of a partition at a time, so that one that failed never comes behind a later one', async () => {
  finish(8)
  await pass(INTERVAL_MS)
  finish(10)
  await pass(INTERVAL_MS)
  expect(offsets()).toEqual([8])
  asked[0]!.outcome.reject(new ConnectionError('broken'))
  await turn()
  await pass(INTERVAL_MS)
  expect(offsets()).toEqual([8, 10])
  asked[1]!.outcome.resolve()
  await pass(10 * INTERVAL_MS)
  expect(offsets()).toEqual([8, 10])
})

it('one that failed and may be tried again is, with the next interval', async () => {
  finish(8)
  await pass(INTERVAL_MS)
  asked[0]!.outcome.reject(new ConnectionError('broken'))
  await turn()
  await pass(INTERVAL_MS)
  expect(offsets()).toEqual([8, 8])
})

it('one that failed after the application went elsewhere is not', async () => {
  finish(8)
  await pass(INTERVAL_MS)
  autoCommit.forget(lane)
  asked[0]!.outcome.reject(new ConnectionError('broken'))
  await turn()
  await pass(10 * INTERVAL_MS)
  expect(offsets()).toEqual([8])
})

it('flush waits for a commit that is under way, and takes what was finished since with it', async () => {
  finish(8)
  await pass(INTERVAL_MS)
  finish(10)
  expect(autoCommit.hasFinished([lane])).toBe(true)
  let isFlushed = false
  const flushed = autoCommit.flush([lane]).then(() => (isFlushed = true))
  await turn()
  expect([isFlushed, offsets()]).toEqual([false, [8]])
  asked[0]!.outcome.resolve()
  await turn()
  expect([isFlushed, offsets()]).toEqual([false, [8, 10]])
  asked[1]!.outcome.resolve()
  await flushed
  expect(autoCommit.hasFinished([lane])).toBe(false)
})

it('a partition whose commit is under way has something that is not known to be committed', async () => {
  finish(8)
  await pass(INTERVAL_MS)
  expect(autoCommit.hasFinished([lane])).toBe(true)
})

it('a commit that fails for good is told, but not of a partition that is ours no more', async () => {
  const error = new GoQueueError('UNKNOWN_SERVER_ERROR', 'no')
  finish(8)
  await pass(INTERVAL_MS)
  asked[0]!.outcome.reject(error)
  await turn()
  expect(failures).toEqual([error])
  finish(9)
  await pass(INTERVAL_MS)
  lane.disown(new Error('gone'))
  asked[1]!.outcome.reject(error)
  await turn()
  expect(failures).toEqual([error])
})

it("what the coordinator says of the member is the membership's to hear: the commit is made again", async () => {
  finish(8)
  await pass(INTERVAL_MS)
  asked[0]!.outcome.reject(new KafkaError('UNKNOWN_MEMBER_ID', 'OffsetCommit'))
  await turn()
  await pass(INTERVAL_MS)
  expect([failures, offsets()]).toEqual([[], [8, 8]])
})

it('leaves no alarm once it is closed, whatever comes of a commit under way', async () => {
  finish(8)
  await pass(INTERVAL_MS)
  finish(9)
  autoCommit.close()
  asked[0]!.outcome.reject(new ConnectionError('broken'))
  await turn()
  expect(runtime.alarmCount).toBe(0)
})

it('what is finished of a partition that is ours no more sets no alarm', () => {
  lane.disown(new Error('gone'))
  finish(8)
  expect([autoCommit.hasFinished([lane]), runtime.alarmCount]).toEqual([false, 0])
})

// The order of commits: one request at a time, the last of a partition wins.
import { expect, it } from 'vitest'
import { CommitQueue, type QueuedCommit } from './commit-queue.ts'
import { partitionKey } from './record.ts'
import { Deferred } from './waiting.ts'

const signal = new AbortController().signal
const commit = (partition: number, offset: number) => ({
  key: partitionKey('t', partition),
  topic: 't',
  partition,
  offset,
  metadata: '',
  signal,
})
const turn = () => new Promise((resume) => setImmediate(resume))

/** A queue whose requests a test answers one by one. */
function queue() {
  const requests: { commits: QueuedCommit[]; answer: () => void }[] = []
  const commits = new CommitQueue((sent) => {
    const done = new Deferred<void>()
    const answer = () => {
      for (const each of sent.values()) each.outcome.resolve()
      done.resolve()
    }
    requests.push({ commits: [...sent.values()], answer })
    return done.promise
  })
  const sent = () => requests.map((request) => request.commits.map(({ partition, offset }) => [partition, offset]))
  return { commits, requests, sent }
}

it('I4: while a request is under way the next waits, and takes all that came meanwhile, of each partition the last', async () => {
  const { commits, requests, sent } = queue()
  const first = commits.commit(commit(0, 1))
  await turn()
  const others = Promise.all([commits.commit(commit(0, 2)), commits.commit(commit(1, 5)), commits.commit(commit(0, 3))])
  await turn()
  expect(sent()).toEqual([[[0, 1]]])
  requests[0]!.answer()
  await first
  await turn()
  expect(sent()[1]).toEqual([
    [0, 3],
    [1, 5],
  ])
  requests[1]!.answer()
  await others
})

it('commits of one turn go in one request', async () => {
  const { commits, sent } = queue()
  for (let partition = 0; partition < 3; partition++) void commits.commit(commit(partition, 1))
  await turn()
  expect(sent()).toHaveLength(1)
})

it('a commit of an ownership that is over does not share the fate of the next one', async () => {
  const { commits } = queue()
  void commits.commit(commit(1, 1))
  await turn()
  const over = new AbortController()
  const old = commits.commit({ ...commit(0, 9), signal: over.signal })
  over.abort(new Error('revoked'))
  void commits.commit(commit(0, 4))
  await expect(old).rejects.toThrow('revoked')
})

it('idle resolves when nothing is under way or waits', async () => {
  const { commits, requests } = queue()
  await commits.idle()
  void commits.commit(commit(0, 1))
  let isIdle = false
  const idle = commits.idle().then(() => (isIdle = true))
  await turn()
  expect(isIdle).toBe(false)
  requests[0]!.answer()
  await idle
})

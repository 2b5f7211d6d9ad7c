// Commits keep up with printing: one at a time, the newest of each partition, none forgotten.
import { describe, expect, it } from 'vitest'
import { CommitQueue } from './commit-queue.ts'

interface Printed {
  topic: string
  partition: number
  offset: number
}
const printed = (partition: number, offset: number): Printed => ({ topic: 'orders', partition, offset })

/** Commits that end when the test says so. */
function slowCommits() {
  const started: string[] = []
  const ends: (() => void)[] = []
  const commit = ({ partition, offset }: Printed) => {
    started.push(`${partition}:${offset}`)
    return new Promise<void>((resolve) => ends.push(resolve))
  }
  const endNext = async () => {
    ends.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { started, commit, endNext }
}

describe('the commit queue', () => {
  it('while a commit is under way, only the newest record of each partition waits', async () => {
    const { started, commit, endNext } = slowCommits()
    const queue = new CommitQueue(commit)
    queue.add(printed(0, 1))
    for (const offset of [2, 3, 4]) queue.add(printed(0, offset))
    queue.add(printed(1, 9))
    expect(started).toEqual(['0:1'])
    const finished = queue.finish()
    await endNext()
    expect(started).toEqual(['0:1', '0:4'])
    await endNext()
    await endNext()
    await finished
    expect(started).toEqual(['0:1', '0:4', '1:9'])
  })

  it('after it was idle it goes on', async () => {
    const { started, commit, endNext } = slowCommits()
    const queue = new CommitQueue(commit)
    queue.add(printed(0, 1))
    await endNext()
    await queue.finish()
    queue.add(printed(0, 2))
    const finished = queue.finish()
    await endNext()
    await finished
    expect(started).toEqual(['0:1', '0:2'])
  })

  it('with nothing to do it is finished', async () => {
    await new CommitQueue(slowCommits().commit).finish()
  })

  it('a commit that fails is told at the end, and nothing is committed behind it', async () => {
    const started: number[] = []
    const queue = new CommitQueue<Printed>(({ offset }) => {
      started.push(offset)
      return Promise.reject(new Error('refused'))
    })
    queue.add(printed(0, 1))
    await new Promise((resolve) => setImmediate(resolve))
    queue.add(printed(0, 2))
    await expect(queue.finish()).rejects.toThrow('refused')
    expect(started).toEqual([1])
  })
})

// Tests of the bounded loop that opens logs.
import { expect, test } from 'vitest'
import { eachOf } from './each-of.ts'

test('everything is done, never more than so many at once', async () => {
  let underWay = 0
  let most = 0
  const done: number[] = []
  await eachOf(Array.from({ length: 100 }).keys(), 16, async (item) => {
    most = Math.max(most, ++underWay)
    for (let turn = 0; turn < 1 + (item % 7); turn++) await Promise.resolve()
    underWay--
    done.push(item)
  })
  expect(most).toBe(16)
  expect(done.toSorted((a, b) => a - b)).toEqual([...Array(100).keys()])
})

test('after a failure nothing more is started, and nothing is under way when it rejects', async () => {
  let started = 0
  let underWay = 0
  const work = async (item: number) => {
    started++
    underWay++
    for (let turn = 0; turn < 5 + item; turn++) await Promise.resolve()
    underWay--
    if (item === 3) throw new Error('the fourth fails')
  }
  await expect(eachOf(Array.from({ length: 100 }).keys(), 4, work)).rejects.toThrow('the fourth fails')
  expect(underWay).toBe(0)
  expect(started).toBeLessThan(12)
})

test('nothing to do is done', async () => {
  await eachOf([], 16, () => expect.unreachable())
})

import { expect, it } from 'vitest'
import { GroupActivity } from './group-activity.ts'

it('what a group had been through before it was first looked at is not counted', () => {
  const activity = new GroupActivity()
  expect(activity.observe('Stable', 7, 100)).toBe(0)
  expect(activity).toMatchObject({ rebalances: 0, stateSinceMs: 100 })
})

it('a rebalance that begins and ends between two looks is counted, and the time in the state goes on', () => {
  const activity = new GroupActivity()
  activity.observe('Stable', 7, 100)
  expect(activity.observe('Stable', 9, 200)).toBe(2)
  expect(activity).toMatchObject({ rebalances: 2, stateSinceMs: 100 })
  activity.observe('Empty', 10, 300)
  expect(activity).toMatchObject({ rebalances: 3, stateSinceMs: 300 })
})

// What a restart gives back: exactly what was saved, with a full session for everyone.
import { describe, expect, it } from 'vitest'
import { GroupDriver, protocols } from '../../test/group-driver.ts'
import { groupDefaults } from '../coordinator/group-defaults.ts'
import { nextDeadlineMs } from './deadlines.ts'
import { decodeGroupImage, encodeGroupImage, imageOf } from './group-image.ts'
import { restoreGroup } from './restore-group.ts'
import { step } from './step.ts'

function saved(driver: GroupDriver): string {
  const image = driver.saved.at(-1)
  expect(image).toBeDefined()
  return encodeGroupImage(image!)
}

describe('a restored group', () => {
  it('I5: has the generation, members, protocols and assignments that were saved', () => {
    const driver = new GroupDriver()
    driver.stable(
      { groupInstanceId: 'a', protocols: protocols('range: ünïcode', 'sticky') },
      { protocols: protocols('range') },
    )
    const restored = restoreGroup('group', decodeGroupImage(saved(driver)), groupDefaults, 0)
    expect(imageOf(restored)).toEqual(imageOf(driver.group))
    expect(restored.state).toBe('Stable')
  })

  it('gives each member one full session timeout from now', () => {
    const driver = new GroupDriver()
    driver.stable({ sessionTimeoutMs: 8000 }, { sessionTimeoutMs: 20_000 })
    const restored = restoreGroup('group', decodeGroupImage(saved(driver)), groupDefaults, 1000)
    expect(nextDeadlineMs(restored)).toBe(9000)
    const heartbeat = {
      kind: 'heartbeat',
      requestId: 1,
      generationId: 1,
      memberId: 'member-1',
      groupInstanceId: null,
    } as const
    expect(step(restored, heartbeat, 8999)).toMatchObject([{ reply: { errorCode: 'NONE' } }])
  })

  it('is Empty, in its last generation, when it was saved without members', () => {
    const driver = new GroupDriver()
    driver.leave({ memberId: driver.stable({})[0] ?? '' })
    const restored = restoreGroup('group', decodeGroupImage(saved(driver)), groupDefaults, 0)
    expect(restored).toMatchObject({ state: 'Empty', generationId: 2, protocolType: 'consumer' })
  })

  it('I2: gives no generation a number that one may have had which was lost: nothing in the name of that one is taken', () => {
    const driver = new GroupDriver()
    const [first = '', second = ''] = driver.stable({}, {})
    const image = saved(driver)
    // A rebalance that was under way: its generation has begun, and is not saved.
    driver.join({ memberId: first, protocols: protocols('sticky', 'range') })
    driver.join({ memberId: second })
    const lost = driver.group.generationId
    expect([lost, driver.group.state]).toEqual([2, 'CompletingRebalance'])

    const after = new GroupDriver()
    Object.assign(after.group, restoreGroup('group', decodeGroupImage(image), groupDefaults, 0))
    after.join({ memberId: first, protocols: protocols('sticky', 'range') })
    after.join({ memberId: second })
    expect(after.group.state).toBe('CompletingRebalance')
    expect(after.group.generationId).toBeGreaterThan(lost)
    expect(after.code(after.sync(first, { generationId: lost }))).toBe('ILLEGAL_GENERATION')
    expect(after.commit(first, lost)).toBe('ILLEGAL_GENERATION')
    expect(after.heartbeat(first, lost)).toBe('ILLEGAL_GENERATION')
  })

  it('rebalances when group.max.size has been lowered, and keeps those who rejoin first', () => {
    const driver = new GroupDriver()
    const [, second = '', third = ''] = driver.stable({}, {}, {})
    const options = { ...groupDefaults, groupMaxSize: 1 }
    const smaller = new GroupDriver(options)
    Object.assign(smaller.group, restoreGroup('group', decodeGroupImage(saved(driver)), options, 0))
    expect(smaller.group.state).toBe('PreparingRebalance')
    const first = smaller.join({ memberId: third })
    const late = smaller.join({ memberId: second })
    smaller.advance(10_000)
    expect([smaller.code(first), smaller.code(late)]).toEqual(['NONE', 'GROUP_MAX_SIZE_REACHED'])
    expect(smaller.memberIds).toEqual([third])
  })

  it('refuses an image of another version', () => {
    expect(() => decodeGroupImage('{"version":3}')).toThrow('version 1 or 2')
  })
})

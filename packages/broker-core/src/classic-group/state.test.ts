// The state table, looped over.
import { describe, expect, it } from 'vitest'
import { groupDefaults } from '../coordinator/group-defaults.ts'
import { createGroup } from './group.ts'
import type { GroupState } from './group.ts'
import { legalTransitions, transitionTo } from './state.ts'

const states = Object.keys(legalTransitions) as GroupState[]

describe('the states of a group', () => {
  it('allow exactly the transitions of the table', () => {
    for (const from of states) {
      for (const to of states) {
        const group = createGroup('group', groupDefaults)
        group.state = from
        if (legalTransitions[from].includes(to)) {
          transitionTo(group, to)
          expect(group.state).toBe(to)
        } else {
          expect(() => transitionTo(group, to)).toThrow(`from ${from} to ${to}`)
        }
      }
    }
  })

  it('lead to Dead from everywhere, and nowhere from there', () => {
    for (const from of states) expect(legalTransitions[from]).toContain('Dead')
    expect(legalTransitions.Dead).toEqual(['Dead'])
  })
})

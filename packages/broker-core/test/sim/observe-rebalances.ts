// Records of rebalances: one for each time that the group settles, never without a cause, each for a later generation.
import type { Rebalance } from '../../src/classic-group/effect.ts'
import type { Group, GroupState } from '../../src/classic-group/group.ts'
import type { Observer, StepSeen } from './observation.ts'
import { must } from './violation.ts'

export class RebalanceObserver implements Observer {
  private stateBefore: GroupState = 'Empty'
  private generationBefore = 0
  private lastRecorded = 0

  before(group: Group): void {
    this.stateBefore = group.state
    this.generationBefore = group.generationId
  }

  after({ group, effects }: StepSeen): void {
    const becameStable = this.stateBefore !== 'Stable' && group.state === 'Stable'
    const becameEmpty = group.state === 'Empty' && group.generationId > this.generationBefore
    const rebalances = effects.flatMap((effect) => (effect.kind === 'rebalanced' ? [effect.rebalance] : []))
    must(
      rebalances.length === (becameStable || becameEmpty ? 1 : 0),
      'one record for each generation that became Stable or Empty, and no other',
      () => `${rebalances.length} in generation ${group.generationId}, ${this.stateBefore} to ${group.state}`,
    )
    for (const rebalance of rebalances) this.check(group, rebalance)
    const isSettled = group.state === 'Stable' || group.state === 'Empty' || group.state === 'Dead'
    must(isSettled === (group.rebalance === null), 'a group has causes to rebalance while it does')
  }

  private check(group: Group, rebalance: Rebalance): void {
    must(rebalance.generationId === group.generationId, 'a rebalance is recorded for the generation that has settled')
    must(rebalance.generationId > this.lastRecorded, 'a generation is recorded once')
    this.lastRecorded = rebalance.generationId
    must(rebalance.causes.length > 0, 'a rebalance has a cause')
    must(rebalance.causeCount >= rebalance.causes.length, 'the causes that are kept are counted')
    must(rebalance.tookMs >= 0, 'a rebalance ends after it began')
    must(
      rebalance.after.map(({ memberId }) => memberId).join() === [...group.members.keys()].join(),
      'a record has the members of its generation',
    )
  }

  reloaded(group: Group): void {
    // What settled and was not durable yet has never been: its generation comes again.
    this.lastRecorded = group.generationId
  }
}

// Planted faults: the machine with one bug each, made from outside, so that we know that the simulator would see it.
import type { Group, Member } from '../../src/classic-group/group.ts'
import { step } from '../../src/classic-group/step.ts'
import { isReply } from './observation.ts'
import type { Step } from './schedule.ts'

const EMPTY = Buffer.alloc(0)

/** Every member's reply to a finished join phase names itself the leader. */
const twoLeaders: Step = (group, input, nowMs) =>
  step(group, input, nowMs).map((effect) =>
    isReply(effect) && effect.reply.kind === 'joinGroup' && effect.reply.errorCode === 'NONE'
      ? { ...effect, reply: { ...effect.reply, leader: effect.reply.memberId } }
      : effect,
  )

/** When the leader's assignment arrives, the last of those who waited for it is forgotten. */
const droppedSyncReply: Step = (group, input, nowMs) => {
  const effects = step(group, input, nowMs)
  const syncReplies = effects.filter((effect) => isReply(effect) && effect.reply.kind === 'syncGroup')
  return syncReplies.length > 1 ? effects.filter((effect) => effect !== syncReplies.at(-1)) : effects
}

/** A member is removed and the JoinGroup or SyncGroup it held is never answered. */
const droppedReplyOnRemoval: Step = (group, input, nowMs) =>
  step(group, input, nowMs).filter(
    (effect) =>
      !(isReply(effect) && input.kind === 'leaveGroup' && effect.reply.errorCode === 'UNKNOWN_MEMBER_ID') ||
      effect.requestId === input.requestId,
  )

/** Who heartbeats is never missed in SyncGroup (KAFKA-12890). */
const missingSyncDeadline: Step = (group, input, nowMs) => {
  const effects = step(group, input, nowMs)
  for (const member of group.members.values()) member.syncDeadlineMs = Infinity
  return effects
}

/** A zombie may commit with whatever generation it has (KAFKA-2555). */
const ignoredGenerationOnCommit: Step = (group, input, nowMs) => {
  if (input.kind !== 'offsetCommit' || input.generationId < 0) return step(group, input, nowMs)
  return step(group, { ...input, generationId: group.generationId }, nowMs)
}

/** A member whose session is over stays. */
const keptExpiredMember: Step = (group, input, nowMs) => {
  if (input.kind === 'tick') {
    for (const member of group.members.values()) {
      if (member.sessionDeadlineMs <= nowMs) member.sessionDeadlineMs = nowMs + member.sessionTimeoutMs
    }
  }
  return step(group, input, nowMs)
}

/** A static member comes back, and its older twin stays a member beside it. */
const bothTwinsOwn: Step = (group, input, nowMs) => {
  const twins = new Map<string, Member>()
  for (const member of group.members.values()) {
    if (member.groupInstanceId !== null)
      twins.set(member.groupInstanceId, { ...member, heldJoin: null, heldSync: null })
  }
  const effects = step(group, input, nowMs)
  if (input.kind === 'joinGroup' && input.memberId === '' && input.groupInstanceId !== null) {
    const older = twins.get(input.groupInstanceId)
    if (older !== undefined && !group.members.has(older.memberId)) group.members.set(older.memberId, older)
  }
  return effects
}

/** The assignment is handed out before it is on disk. */
const repliedBeforePersisting: Step = (group, input, nowMs) => {
  const effects = step(group, input, nowMs)
  return [...effects.filter(isReply), ...effects.filter((effect) => !isReply(effect))]
}

/** A member id that was handed out and never used holds up every rebalance (KAFKA-7909). */
const pendingForEver: Step = (group, input, nowMs) => {
  const effects = step(group, input, nowMs)
  for (const memberId of group.pendingMembers.keys()) group.pendingMembers.set(memberId, Infinity)
  return effects
}

/** A member's session ends while its JoinGroup or SyncGroup is held (redpanda#22749). */
const expiredWhileHeld: Step = (group, input, nowMs) => {
  if (input.kind === 'tick') {
    for (const member of group.members.values()) {
      if (member.sessionDeadlineMs <= nowMs + 3000 && (member.heldJoin ?? member.heldSync) !== null) {
        member.isNew = true
        member.sessionDeadlineMs = nowMs
      }
    }
  }
  return step(group, input, nowMs)
}

/** The group forgets how far it had counted when it becomes Empty. */
const generationStartsAgain: Step = (group, input, nowMs) => {
  const effects = step(group, input, nowMs)
  if (group.state === 'Empty') group.generationId = 0
  return effects
}

/** group.max.size is checked against nothing (KAFKA-9844). */
const overfullGroup: Step = (group, input, nowMs) => {
  const open: Group = { ...group, options: { ...group.options, groupMaxSize: Infinity } }
  const effects = step(open, input, nowMs)
  Object.assign(group, open, { options: group.options })
  return effects
}

/** A static member that comes back in a rebalance is not saved: a restart brings its older twin back. */
const forgottenTwin: Step = (group, input, nowMs) =>
  step(group, input, nowMs).filter(
    (effect) => !(effect.kind === 'persistGroup' && group.state === 'PreparingRebalance'),
  )

/** The member that comes last in the join order gets the first one's partitions too. */
const splitOwnership: Step = (group, input, nowMs) => {
  const before = group.state
  const effects = step(group, input, nowMs)
  const members = [...group.members.values()]
  if (before !== 'CompletingRebalance' || group.state !== 'Stable' || members.length < 2) return effects
  const last = members.at(-1) as Member
  last.assignment = Buffer.concat([last.assignment, members[0]?.assignment ?? EMPTY])
  return effects
}

/** The group settles, and nobody writes down why it had to. */
const unrecordedRebalance: Step = (group, input, nowMs) =>
  step(group, input, nowMs).filter(({ kind }) => input.kind !== 'syncGroup' || kind !== 'rebalanced')

/** Whoever is not heard of any more is put out without a word about it. */
const unexplainedRebalance: Step = (group, input, nowMs) =>
  step(group, input, nowMs).map((effect) =>
    effect.kind === 'rebalanced'
      ? {
          ...effect,
          rebalance: {
            ...effect.rebalance,
            causes: effect.rebalance.causes.filter(({ kind }) => kind !== 'sessionTimeout'),
          },
        }
      : effect,
  )

/** A stall of the process counts as silence of its clients. */
const countedStall: Step = (group, input, nowMs) => (input.kind === 'stalled' ? [] : step(group, input, nowMs))

/** By name, each with the invariant that must catch it. */
export const faults: ReadonlyMap<string, { readonly step: Step; readonly caughtBy: RegExp }> = new Map([
  ['two leaders', { step: twoLeaders, caughtBy: /one leader/ }],
  ['a dropped SyncGroup reply', { step: droppedSyncReply, caughtBy: /exactly once/ }],
  ['a dropped reply on removal', { step: droppedReplyOnRemoval, caughtBy: /exactly once/ }],
  ['a missing sync deadline', { step: missingSyncDeadline, caughtBy: /I8|held longer/ }],
  ['an ignored generation on commit', { step: ignoredGenerationOnCommit, caughtBy: /I2/ }],
  ['a kept expired member', { step: keptExpiredMember, caughtBy: /I6/ }],
  ['two twins that both own', { step: bothTwinsOwn, caughtBy: /I12/ }],
  ['a reply before what it stands on is durable', { step: repliedBeforePersisting, caughtBy: /I5/ }],
  ['a pending member for ever', { step: pendingForEver, caughtBy: /I6|I7/ }],
  ['a member that expires while held', { step: expiredWhileHeld, caughtBy: /I10/ }],
  ['a generation that starts again', { step: generationStartsAgain, caughtBy: /never falls|I5/ }],
  ['an overfull group', { step: overfullGroup, caughtBy: /I11/ }],
  ['a forgotten twin', { step: forgottenTwin, caughtBy: /I12/ }],
  ['a stall counted as silence', { step: countedStall, caughtBy: /I23/ }],
  ['an unrecorded rebalance', { step: unrecordedRebalance, caughtBy: /one record/ }],
  ['an unexplained rebalance', { step: unexplainedRebalance, caughtBy: /a cause/ }],
  ['split ownership', { step: splitOwnership, caughtBy: /leader gave|I1:/ }],
])

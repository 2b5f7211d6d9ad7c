// The machine of a group of the original dialect: every join is answered at once with the joiner's share of a new assignment.
import { roundrobin } from '@goqueue/protocol'
import { leaderOf, type Share, type WireV1Group, type WireV1Member } from './group.ts'
import type { GroupCode, PartitionCounts, WireV1Cause, WireV1Effect, WireV1Input, WireV1Reply } from './input.ts'

const MIN_SESSION_TIMEOUT_MS = 1_000
const MAX_SESSION_TIMEOUT_MS = 1_800_000

const NOTHING: Share = new Map()

type Of<Kind extends WireV1Input['kind']> = Extract<WireV1Input, { kind: Kind }>

/** Applies one input. Mutates `group` and touches nothing else; time is an argument. */
export function step(group: WireV1Group, input: WireV1Input, nowMs: number, maxSize: number): WireV1Effect[] {
  switch (input.kind) {
    case 'join':
      return join(group, input, nowMs, maxSize)
    case 'leave':
      return leave(group, input)
    case 'heartbeat':
      return heartbeat(group, input, nowMs)
    case 'tick':
      return tick(group, input, nowMs)
    case 'stalled':
      for (const member of group.members.values()) member.sessionDeadlineMs += input.byMs
      return []
    default:
      return input satisfies never
  }
}

function answer(requestId: number, reply: WireV1Reply): WireV1Effect {
  return { kind: 'reply', requestId, reply }
}

function code(requestId: number, errorCode: GroupCode): WireV1Effect[] {
  return [answer(requestId, { kind: 'code', errorCode })]
}

function join(group: WireV1Group, input: Of<'join'>, nowMs: number, maxSize: number): WireV1Effect[] {
  const { requestId, consumerId, clientId, clientHost, topics, sessionTimeoutMs, partitions } = input
  const isTimely = sessionTimeoutMs >= MIN_SESSION_TIMEOUT_MS && sessionTimeoutMs <= MAX_SESSION_TIMEOUT_MS
  if (consumerId === '' || !isTimely) return code(requestId, 1)
  if (topics.some((topic) => !partitions.has(topic))) return code(requestId, 3)
  const known = group.members.get(consumerId)
  if (known === undefined && group.members.size >= maxSize) return code(requestId, 2)
  // A member that asks again gets its share of the generation it missed: were it a new one, nobody's would ever hold.
  const isUnchanged = known !== undefined && isSame(known.topics, topics) && areSharesCurrent(group, partitions)
  const sessionDeadlineMs = nowMs + sessionTimeoutMs
  const member = { consumerId, clientId, clientHost, topics: [...topics], sessionTimeoutMs, sessionDeadlineMs }
  group.members.set(consumerId, member)
  const effects = isUnchanged ? [] : reassign(group, partitions, [causeOf(joinKind(known, topics), member)])
  const members = Array.from(group.members.values(), (member) => ({
    consumerId: member.consumerId,
    clientId: member.clientId,
  }))
  const share = group.shares.get(consumerId) ?? NOTHING
  effects.push(
    answer(requestId, { kind: 'joined', generation: group.generation, leader: leaderOf(group), members, share }),
  )
  return effects
}

function leave(group: WireV1Group, { requestId, consumerId, partitions }: Of<'leave'>): WireV1Effect[] {
  const member = group.members.get(consumerId)
  if (member === undefined) return code(requestId, 2)
  group.members.delete(consumerId)
  return [...reassign(group, partitions, [causeOf('leave', member)]), ...code(requestId, 0)]
}

/** A beat with an old generation keeps the member alive, for it is, and tells it to join again. */
function heartbeat(
  group: WireV1Group,
  { requestId, consumerId, generation }: Of<'heartbeat'>,
  nowMs: number,
): WireV1Effect[] {
  const member = group.members.get(consumerId)
  if (member === undefined) return code(requestId, 2)
  member.sessionDeadlineMs = nowMs + member.sessionTimeoutMs
  return code(requestId, generation === group.generation ? 0 : 2)
}

function tick(group: WireV1Group, { partitions }: Of<'tick'>, nowMs: number): WireV1Effect[] {
  const expired = [...group.members.values()].filter((member) => member.sessionDeadlineMs <= nowMs)
  if (expired.length === 0) return []
  for (const { consumerId } of expired) group.members.delete(consumerId)
  const causes = expired.map((member) => causeOf('sessionTimeout', member))
  return reassign(group, partitions, causes)
}

function joinKind(known: WireV1Member | undefined, topics: readonly string[]): WireV1Cause['kind'] {
  if (known === undefined) return 'join'
  return isSame(known.topics, topics) ? 'partitionsChanged' : 'subscriptionChange'
}

function causeOf(kind: WireV1Cause['kind'], { consumerId, clientId, clientHost }: WireV1Member): WireV1Cause {
  return { kind, consumerId, clientId, clientHost }
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((topic, index) => topic === right[index])
}

/** Whether the shares cover just the partitions that exist: a topic may have grown, or gone and come back. */
function areSharesCurrent(group: WireV1Group, partitions: PartitionCounts): boolean {
  return isSameAssignment(group.shares, assign(group.members.values(), partitions))
}

function isSameAssignment(left: WireV1Group['shares'], right: WireV1Group['shares']): boolean {
  const text = (shares: WireV1Group['shares']) =>
    JSON.stringify([...shares].map(([consumerId, share]) => [consumerId, [...share]]).sort())
  return text(left) === text(right)
}

function assign(members: Iterable<WireV1Member>, partitions: PartitionCounts): WireV1Group['shares'] {
  return roundrobin.assign({
    members: Array.from(members, ({ consumerId, topics }) => ({
      memberId: consumerId,
      groupInstanceId: null,
      subscription: { topics: [...topics], userData: null, ownedPartitions: new Map(), generationId: -1, rackId: null },
    })),
    partitions,
  })
}

function reassign(group: WireV1Group, partitions: PartitionCounts, causes: readonly WireV1Cause[]): WireV1Effect[] {
  const before = group.shares
  group.generation += 1
  group.shares = assign(group.members.values(), partitions)
  const rebalance = { generation: group.generation, before, after: group.shares, causes }
  return [{ kind: 'persist' }, { kind: 'rebalanced', rebalance }]
}

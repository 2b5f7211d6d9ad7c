// The way back from an image to a living group, at start or after a failed write.
import { createGroup } from './group.ts'
import type { Group, GroupImage, GroupOptions } from './group.ts'
import { prepareRebalance } from './rebalance.ts'
import { noteCause } from './rebalance-cause.ts'

/**
 * A generation is saved when its assignment arrives, so some may have begun since, one after another without an assignment, and
 * members may still speak in their name. More than these in a row are beyond what a group lives through between two saves.
 */
const FORGOTTEN_GENERATIONS = 100

/** A group loaded from its image: each member gets one full session timeout from now, as in Kafka. */
export function restoreGroup(groupId: string, image: GroupImage, options: GroupOptions, nowMs: number): Group {
  const group = createGroup(groupId, options)
  group.generationId = image.generationId
  group.forgottenGenerations = FORGOTTEN_GENERATIONS
  group.protocolType = image.protocolType
  group.protocolName = image.protocolName
  group.leaderId = image.leaderId
  group.saved = image
  for (const member of image.members) {
    group.members.set(member.memberId, {
      ...member,
      isNew: false,
      heldJoin: null,
      heldSync: null,
      sessionDeadlineMs: nowMs + member.sessionTimeoutMs,
      syncDeadlineMs: Infinity,
    })
  }
  if (group.members.size > 0) group.state = 'Stable'
  // The limit may have been lowered since: the rebalance keeps those who come back first.
  if (group.members.size > options.groupMaxSize) {
    noteCause(group, 'groupMaxSize', null, null, nowMs)
    prepareRebalance(group, nowMs, [])
  }
  return group
}

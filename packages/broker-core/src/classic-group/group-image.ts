// The part of a group that survives a restart, and the versioned JSON it is stored as.
import { assert } from '../assert.ts'
import type { Group, GroupImage, MemberImage } from './group.ts'

/** Takes the image of a group that is Stable or Empty. */
export function imageOf(group: Group): GroupImage {
  return {
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leaderId: group.leaderId,
    members: Array.from(group.members.values(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      sessionTimeoutMs: member.sessionTimeoutMs,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      protocols: member.protocols,
      assignment: member.assignment,
      reason: member.reason,
    })),
    emptySinceMs: null,
  }
}

/** The same image with one static member under its new id. */
export function imageWithReplacedMember(image: GroupImage, oldMemberId: string, newMemberId: string): GroupImage {
  return {
    ...image,
    leaderId: image.leaderId === oldMemberId ? newMemberId : image.leaderId,
    members: image.members.map((member) =>
      member.memberId === oldMemberId ? { ...member, memberId: newMemberId } : member,
    ),
  }
}

/** Version 2 added `emptySinceMs`. */
const IMAGE_VERSION = 2

/** The JSON kept in the store. */
export function encodeGroupImage(image: GroupImage): string {
  return JSON.stringify({
    version: IMAGE_VERSION,
    ...image,
    members: image.members.map((member) => ({
      ...member,
      protocols: member.protocols.map((protocol) => ({ ...protocol, metadata: protocol.metadata.toString('base64') })),
      assignment: member.assignment.toString('base64'),
    })),
  })
}

interface StoredMember extends Omit<MemberImage, 'protocols' | 'assignment'> {
  readonly protocols: readonly { readonly name: string; readonly metadata: string; readonly subscriptionKey: string }[]
  readonly assignment: string
}

/** Reads what `encodeGroupImage` wrote. Throws on JSON it does not know: the store has checked that it is undamaged. */
export function decodeGroupImage(text: string): GroupImage {
  const stored = JSON.parse(text) as Omit<GroupImage, 'members' | 'emptySinceMs'> & {
    version: number
    members: StoredMember[]
    emptySinceMs?: number | null
  }
  assert([1, IMAGE_VERSION].includes(stored.version), `a stored group has version 1 or ${IMAGE_VERSION}`)
  return {
    generationId: stored.generationId,
    protocolType: stored.protocolType,
    protocolName: stored.protocolName,
    leaderId: stored.leaderId,
    members: stored.members.map((member) => ({
      ...member,
      protocols: member.protocols.map((protocol) => ({
        ...protocol,
        metadata: Buffer.from(protocol.metadata, 'base64'),
      })),
      assignment: Buffer.from(member.assignment, 'base64'),
    })),
    emptySinceMs: stored.emptySinceMs ?? null,
  }
}

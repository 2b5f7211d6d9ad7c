// The members of a group in a sentence: who is in the way of a change.
import type { Admin, GroupDescription, GroupMember } from '@goqueue/client'
import { codeOf } from './failure.ts'
import { printable } from './text.ts'

/** The group as it is; null when there is none. */
export async function findGroup(admin: Admin, groupId: string): Promise<GroupDescription | null> {
  return admin.describeGroup(groupId).catch((error: unknown) => {
    if (codeOf(error) === 'GROUP_ID_NOT_FOUND') return null
    throw error
  })
}

/** 'consumer-1' on /10.0.0.7, … */
export function named(members: readonly GroupMember[]): string {
  return members.map(({ memberId, consumerId, host }) => printable(`'${consumerId ?? memberId}' on ${host}`)).join(', ')
}

/** What programs learn of members that are in the way. */
export function membersAsJson(members: readonly GroupMember[]) {
  return members.map(({ memberId, consumerId, clientId, host }) => ({ memberId, consumerId, clientId, host }))
}

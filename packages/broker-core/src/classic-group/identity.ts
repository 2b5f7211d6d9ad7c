// Who may speak for a member: the check that every request with a member id passes first.
import type { ErrorCode } from '@goqueue/protocol'
import { staticMemberId } from './group.ts'
import type { Group, Member } from './group.ts'

export interface Claim {
  readonly memberId: string
  readonly groupInstanceId: string | null
}

/** The member that a request may speak for, or the error it gets. The older of two static twins is fenced (row I12). */
export function identify(group: Group, claim: Claim): Member | ErrorCode {
  if (group.state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE'
  if (claim.groupInstanceId !== null) {
    const ownerId = staticMemberId(group, claim.groupInstanceId)
    if (ownerId === null) return 'UNKNOWN_MEMBER_ID'
    if (ownerId !== claim.memberId) return 'FENCED_INSTANCE_ID'
  }
  return group.members.get(claim.memberId) ?? 'UNKNOWN_MEMBER_ID'
}

/** As `identify`, and the request must come from the current generation too (row I2). */
export function identifyInGeneration(
  group: Group,
  claim: Claim & { readonly generationId: number },
): Member | ErrorCode {
  const member = identify(group, claim)
  if (typeof member === 'string') return member
  return claim.generationId === group.generationId ? member : 'ILLEGAL_GENERATION'
}

/** A request in the member's own name shows that it lives. */
export function renewSession(member: Member, nowMs: number): void {
  if (!member.isNew) member.sessionDeadlineMs = nowMs + member.sessionTimeoutMs
}

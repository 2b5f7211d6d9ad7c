// The part of a group of the original dialect that survives a restart, and the versioned JSON it is stored as.
import { assert } from '../assert.ts'
import type { WireV1Group, WireV1Member } from './group.ts'

/** What tells this JSON from that of a classic group. */
const DIALECT = 'wire-v1'
const IMAGE_VERSION = 1

interface StoredGroup {
  readonly dialect: string
  readonly version: number
  readonly generation: number
  readonly members: readonly Omit<WireV1Member, 'sessionDeadlineMs'>[]
  readonly shares: readonly [string, readonly [string, readonly number[]][]][]
}

/** The JSON kept in the store. */
export function encodeWireV1Group(group: WireV1Group): string {
  const stored: StoredGroup = {
    dialect: DIALECT,
    version: IMAGE_VERSION,
    generation: group.generation,
    members: Array.from(group.members.values(), ({ sessionDeadlineMs: _deadline, ...member }) => member),
    shares: Array.from(group.shares, ([consumerId, share]): StoredGroup['shares'][number] => [consumerId, [...share]]),
  }
  return JSON.stringify(stored)
}

/** Whether stored JSON is a group of this dialect. */
export function isWireV1Image(state: string): boolean {
  return (JSON.parse(state) as { dialect?: unknown }).dialect === DIALECT
}

/** Reads what `encodeWireV1Group` wrote; each member has one full session timeout from now to come back. */
export function restoreWireV1Group(groupId: string, state: string, nowMs: number): WireV1Group {
  const stored = JSON.parse(state) as StoredGroup
  assert(stored.version === IMAGE_VERSION, `a stored wire-v1 group has version ${IMAGE_VERSION}`)
  return {
    groupId,
    generation: stored.generation,
    members: new Map(
      stored.members.map((member) => [
        member.consumerId,
        { ...member, sessionDeadlineMs: nowMs + member.sessionTimeoutMs },
      ]),
    ),
    shares: new Map(stored.shares.map(([consumerId, share]) => [consumerId, new Map(share)])),
  }
}

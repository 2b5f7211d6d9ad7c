// Which protocol a group runs: what all its members offer, and the vote among that.
import { assert } from '../assert.ts'
import type { Group, Member, MemberProtocol } from './group.ts'

function offers(member: Member, name: string): boolean {
  return member.protocols.some((protocol) => protocol.name === name)
}

/** Whether a member with these protocols could be in the group. An empty group takes any type, but wants one. */
export function supportsProtocols(group: Group, protocolType: string, protocols: readonly MemberProtocol[]): boolean {
  if (group.state === 'Empty') return protocolType !== '' && protocols.length > 0
  if (group.protocolType !== protocolType) return false
  const members = Array.from(group.members.values())
  return protocols.some((protocol) => members.every((member) => offers(member, protocol.name)))
}

/** Each member votes for the first of its protocols that all have; a tie goes to the first member's preference. */
export function selectProtocol(group: Group): string {
  const members = Array.from(group.members.values())
  const [first] = members
  assert(first !== undefined, 'a group that selects a protocol has members')
  const candidates = first.protocols.filter((protocol) => members.every((member) => offers(member, protocol.name)))
  const votes = new Map(candidates.map((protocol) => [protocol.name, 0]))
  for (const member of members) {
    const choice = member.protocols.find((protocol) => votes.has(protocol.name))
    if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
  }
  let selected: string | null = null
  let most = 0
  for (const [name, count] of votes) {
    if (count > most) [selected, most] = [name, count]
  }
  assert(selected !== null, 'the members have a protocol in common')
  return selected
}

/** The metadata that a member sent with a protocol. */
export function metadataOf(member: Member, protocolName: string | null): Buffer {
  const found = member.protocols.find((protocol) => protocol.name === protocolName)
  assert(found !== undefined, 'a member offers the protocol that its group runs')
  return found.metadata
}

/** Same names, same order, same bytes: nothing has changed for anybody. */
export function sameProtocols(one: readonly MemberProtocol[], other: readonly MemberProtocol[]): boolean {
  return (
    one.length === other.length &&
    one.every((protocol, index) => {
      const counterpart = other[index]
      return counterpart?.name === protocol.name && counterpart.metadata.equals(protocol.metadata)
    })
  )
}

/** The same assignors are offered for the same topics, whatever else the metadata say. */
export function sameSubscriptions(one: readonly MemberProtocol[], other: readonly MemberProtocol[]): boolean {
  return (
    one.length === other.length &&
    one.every((protocol) =>
      other.some(({ name, subscriptionKey }) => name === protocol.name && subscriptionKey === protocol.subscriptionKey),
    )
  )
}

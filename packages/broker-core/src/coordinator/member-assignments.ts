// What each consumer of a group reads, as far as the broker can tell.
import { assignedOwners } from './moved-partitions.ts'
import type { HostedGroup } from './hosted-group.ts'

/** A member, and the partitions that it was assigned. */
export interface MemberAssignment {
  readonly memberId: string
  /** The group instance id of a static member, or null; in the original dialect the consumer id, which is the member id. */
  readonly consumerId: string | null
  readonly clientId: string
  /** By topic, as the leader of the group gave them: what is there twice, or of no topic, it has left so. */
  readonly partitions: ReadonlyMap<string, readonly number[]>
}

const CONSUMER_PROTOCOL = 'consumer'

/** In the order of joining. Empty while the group is not Stable, and where the assignments are not those of consumers. */
export function memberAssignments({ group, wireV1 }: HostedGroup): MemberAssignment[] {
  if (wireV1 !== null) {
    return Array.from(wireV1.members.values(), ({ consumerId, clientId }) => {
      return { memberId: consumerId, consumerId, clientId, partitions: wireV1.shares.get(consumerId) ?? new Map() }
    })
  }
  if (group.state !== 'Stable' || group.protocolType !== CONSUMER_PROTOCOL) return []
  const members = [...group.members.values()]
  const owners = assignedOwners(members) ?? []
  return owners.map(({ partitions }, index) => {
    const { memberId, groupInstanceId, clientId } = members[index]!
    return { memberId, consumerId: groupInstanceId, clientId, partitions }
  })
}

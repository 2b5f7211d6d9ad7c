// Which partitions changed hands between two assignments.
import { decodeAssignment, DecodeError } from '@goqueue/protocol'

/** Whoever owns partitions: its name stays the same when a static member comes back under a new member id. */
export interface Owner {
  readonly name: string
  /** Partitions by topic. */
  readonly partitions: ReadonlyMap<string, readonly number[]>
}

/** One partition that has another owner now, by name; null for nobody. */
export interface MovedPartition {
  readonly topic: string
  readonly partition: number
  readonly from: string | null
  readonly to: string | null
}

/** By topic and partition. A partition that two owners claim is that of the later one. */
export function movedPartitions(before: readonly Owner[], after: readonly Owner[]): MovedPartition[] {
  const old = ownersOf(before)
  const current = ownersOf(after)
  const moved: MovedPartition[] = []
  for (const topic of new Set([...old.keys(), ...current.keys()])) {
    const [from, to] = [old.get(topic) ?? NOBODY, current.get(topic) ?? NOBODY]
    for (const partition of new Set([...from.keys(), ...to.keys()])) {
      const change = { topic, partition, from: from.get(partition) ?? null, to: to.get(partition) ?? null }
      if (change.from !== change.to) moved.push(change)
    }
  }
  return moved.sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
}

const NOBODY: ReadonlyMap<number, string> = new Map()

function ownersOf(owners: readonly Owner[]): Map<string, Map<number, string>> {
  const byTopic = new Map<string, Map<number, string>>()
  for (const { name, partitions } of owners) {
    for (const [topic, numbers] of partitions) {
      const ofTopic = byTopic.get(topic) ?? new Map<number, string>()
      byTopic.set(topic, ofTopic)
      for (const partition of numbers) ofTopic.set(partition, name)
    }
  }
  return byTopic
}

interface AssignedMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly assignment: Buffer
}

/** More than the topics of a broker have by default: what claims so many is no assignment, and not worth the time. */
const MOST_PARTITIONS = 25_000

/** The owners that the assignments of a group's consumers make; null when they cannot be read. */
export function assignedOwners(members: readonly AssignedMember[]): Owner[] | null {
  try {
    const owners = members.map(({ memberId, groupInstanceId, assignment }) => ({
      name: groupInstanceId ?? memberId,
      partitions: decodeAssignment(assignment).partitions,
    }))
    let count = 0
    for (const { partitions } of owners) for (const numbers of partitions.values()) count += numbers.length
    return count > MOST_PARTITIONS ? null : owners
  } catch (error) {
    if (error instanceof DecodeError) return null
    throw error
  }
}

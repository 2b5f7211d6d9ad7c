// How far a group is, partition by partition: what it has committed, where the log ends, who owns the partition.
import type { Admin, GroupDescription } from '@goqueue/client'

export interface PartitionLag {
  topic: string
  partition: number
  /** The next record to read; null when nothing is committed. */
  committedOffset: number | null
  /** null when the topic is gone. */
  logEndOffset: number | null
  /** Records between the two; null when one of them is not known. */
  lag: number | null
  /** Member id of the owner; null when nobody has it. */
  owner: string | null
}

/** Every partition that the group has committed or owns, by topic and number. */
export async function lagOf(admin: Admin, group: GroupDescription): Promise<PartitionLag[]> {
  const [committed, topics] = await Promise.all([admin.groupOffsets(group.groupId), admin.listTopics()])
  const partitionCounts = new Map(topics.map(({ name, partitions }) => [name, partitions]))
  const found = new Map<string, PartitionLag>()
  const at = (topic: string, partition: number) => {
    const key = `${topic}\0${partition}`
    const lag = found.get(key) ?? {
      topic,
      partition,
      committedOffset: null,
      logEndOffset: null,
      lag: null,
      owner: null,
    }
    found.set(key, lag)
    return lag
  }
  for (const { topic, partition, offset } of committed) at(topic, partition).committedOffset = offset
  for (const { memberId, assignment } of group.members) {
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) at(topic, partition).owner = memberId
    }
  }
  const existing = [...found.values()].filter(({ topic, partition }) => partition < (partitionCounts.get(topic) ?? 0))
  const ends = existing.length === 0 ? [] : await admin.listOffsets(existing, 'latest')
  for (const [index, lag] of existing.entries()) {
    lag.logEndOffset = ends[index]?.offset ?? null
    if (lag.logEndOffset !== null && lag.committedOffset !== null) {
      lag.lag = Math.max(0, lag.logEndOffset - lag.committedOffset) // a commit may be newer than the end that was read
    }
  }
  return [...found.values()].sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
  )
}

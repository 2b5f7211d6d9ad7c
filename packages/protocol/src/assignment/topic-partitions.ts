// Partitions by topic: the shape that assignments and ownership have in code, and the list that they are on the wire.

/** Partitions of each topic. A Map, because a topic may be called `__proto__`. */
export type PartitionsByTopic = ReadonlyMap<string, readonly number[]>

/** The wire's list as a Map. A topic that is listed twice has the partitions of both. */
export function fromTopicList(
  list: readonly { topic: string; partitions: readonly number[] }[],
): Map<string, number[]> {
  const byTopic = new Map<string, number[]>()
  for (const { topic, partitions } of list) {
    const known = byTopic.get(topic)
    if (known === undefined) byTopic.set(topic, [...partitions])
    else for (const partition of partitions) known.push(partition)
  }
  return byTopic
}

/** The Map as the wire's list, in the Map's order. */
export function toTopicList(byTopic: PartitionsByTopic): { topic: string; partitions: readonly number[] }[] {
  return Array.from(byTopic, ([topic, partitions]) => ({ topic, partitions }))
}

/** The wire's list with topics and partitions sorted, so that the same ownership always gives the same bytes. */
export function toSortedTopicList(byTopic: PartitionsByTopic): { topic: string; partitions: readonly number[] }[] {
  return toTopicList(byTopic)
    .map(({ topic, partitions }) => ({ topic, partitions: [...partitions].sort((left, right) => left - right) }))
    .sort((left, right) => compareNames(left.topic, right.topic))
}

/** Orders names as Java's String.compareTo does, so that all clients of a group sort alike. */
export function compareNames(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

// The committed offsets of one group in memory: only what is durable is in here.
import type { OffsetToCommit } from '../classic-group/input.ts'

export type CommittedOffset = Omit<OffsetToCommit, 'topic' | 'partition'>

/** By topic and partition. Maps, because a topic may be called `__proto__` as well as anything (row N17). */
export class CommittedOffsets {
  private readonly topics = new Map<string, Map<number, CommittedOffset>>()

  get isEmpty(): boolean {
    return this.topics.size === 0
  }

  put({ topic, partition, ...committed }: OffsetToCommit): void {
    let partitions = this.topics.get(topic)
    if (partitions === undefined) this.topics.set(topic, (partitions = new Map()))
    partitions.set(partition, committed)
  }

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.topics.get(topic)?.get(partition)
  }

  /** Every topic with a committed offset, and the partitions that have one. */
  *byTopic(): Iterable<readonly [topic: string, partitions: readonly number[]]> {
    for (const [topic, partitions] of this.topics) yield [topic, [...partitions.keys()]]
  }

  /** Every committed offset, with where it was committed for. */
  *all(): Iterable<OffsetToCommit> {
    for (const [topic, partitions] of this.topics) {
      for (const [partition, committed] of partitions) yield { topic, partition, ...committed }
    }
  }

  delete(topic: string, partition: number): void {
    const partitions = this.topics.get(topic)
    partitions?.delete(partition)
    if (partitions?.size === 0) this.topics.delete(topic)
  }

  deleteTopic(topic: string): void {
    this.topics.delete(topic)
  }
}

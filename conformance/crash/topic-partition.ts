// A partition of a topic, and the name under which the history knows it.
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

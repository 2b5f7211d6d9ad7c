// Topics that the broker itself writes: clients read them, and that is all they may do.
import { nameInMetrics } from './topic-name.ts'

/** Why each group rebalanced: one partition, the group id as key, versioned JSON as value. */
export const REBALANCES_TOPIC = '__goqueue_rebalances'

const internalNames = new Set([nameInMetrics(REBALANCES_TOPIC)])

/** Whether the name is that of an internal topic, or so like one that both could not exist. */
export function isInternalTopic(name: string): boolean {
  return internalNames.has(nameInMetrics(name))
}

/** What a client is told that would do more than read; INVALID_TOPIC_EXCEPTION goes with it, as in Kafka. */
export function internalTopicMessage(name: string): string {
  return `The topic ${name} is internal: the broker itself makes and writes it; clients can only read it.`
}

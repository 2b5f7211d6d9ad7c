// TOPIC or TOPIC:P,P on the command line, and the partitions that it means.
import type { Admin, TopicPartition } from '@goqueue/client'
import { CommandError, UsageError } from './failure.ts'
import { noSuchTopic } from './not-found.ts'

export interface TopicSelection {
  topic: string
  /** null: all. */
  partitions: number[] | null
}

/** The flag --topic: may be repeated. */
export const topicOption = {
  type: 'string',
  describe: 'TOPIC, or TOPIC:P,P for some of its partitions; may be repeated',
  requiresArg: true,
  coerce: readSelections,
} as const

function readSelections(given: string | readonly string[] | undefined): TopicSelection[] | undefined {
  return given === undefined ? undefined : [given].flat().map(readSelection)
}

function readSelection(text: string): TopicSelection {
  const match = /^([^:]+)(?::(\d+(?:,\d+)*))?$/.exec(text)
  if (match === null) throw new UsageError(`--topic takes TOPIC or TOPIC:P,P, not '${text}'.`)
  return { topic: match[1]!, partitions: match[2] === undefined ? null : match[2].split(',').map(Number) }
}

/** Every partition selected, once each, by topic and number. Throws CommandError for what does not exist. */
export async function partitionsOf(admin: Admin, selections: readonly TopicSelection[]): Promise<TopicPartition[]> {
  const counts = new Map((await admin.listTopics()).map(({ name, partitions }) => [name, partitions]))
  const found = new Map<string, Set<number>>()
  for (const { topic, partitions } of selections) {
    const count = counts.get(topic)
    if (count === undefined) throw noSuchTopic(topic)
    const chosen = found.get(topic) ?? new Set()
    for (const partition of partitions ?? Array.from({ length: count }, (_, index) => index)) {
      if (partition >= count) {
        throw new CommandError(`Topic '${topic}' has no partition ${partition}, but ${count} from 0.`)
      }
      chosen.add(partition)
    }
    found.set(topic, chosen)
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([topic, chosen]) => [...chosen].sort((a, b) => a - b).map((partition) => ({ topic, partition })))
}

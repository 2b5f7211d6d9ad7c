// PURE. What a consumer subscribes to: topics by name, by pattern, and with types.
import { isTopic, type Topic } from './topic.ts'

/** A topic to read: its name, a pattern that its name matches, or a typed topic. */
export type TopicToRead = string | RegExp | Topic

/** A topic of the cluster. */
export interface ClusterTopic {
  readonly name: string
  readonly isInternal: boolean
}

export class Subscription {
  private readonly named: readonly string[]
  private readonly patterns: readonly RegExp[]
  private readonly typed: ReadonlyMap<string, Topic>
  private matched: readonly string[] = []

  constructor(wanted: readonly TopicToRead[]) {
    const patterns = wanted.filter((topic) => topic instanceof RegExp)
    const typed = wanted.filter((topic) => isTopic(topic))
    this.named = wanted.filter((topic) => typeof topic === 'string').concat(typed.map(({ name }) => name))
    // A global or sticky pattern would remember where it matched last.
    this.patterns = patterns.map(({ source, flags }) => new RegExp(source, flags.replace(/[gy]/g, '')))
    this.typed = new Map(typed.map((topic) => [topic.name, topic]))
  }

  get hasPatterns(): boolean {
    return this.patterns.length > 0
  }

  /** Whether some pattern matches a topic that is there. */
  get hasMatches(): boolean {
    return this.matched.length > 0
  }

  /** The names subscribed to as far as is known, each once. */
  get topics(): string[] {
    return [...new Set([...this.named, ...this.matched])]
  }

  /** How a topic's records are typed, or undefined. */
  typeOf(topic: string): Topic | undefined {
    return this.typed.get(topic)
  }

  /** Takes in which topics there are; true when that changes what is subscribed to. Kafka's internal topics match nothing. */
  update(existing: readonly ClusterTopic[]): boolean {
    const before = this.topics
    this.matched = existing
      .filter(({ name, isInternal }) => !isInternal && this.patterns.some((pattern) => pattern.test(name)))
      .map(({ name }) => name)
      .sort()
    const now = new Set(this.topics)
    return now.size !== before.length || before.some((name) => !now.has(name))
  }
}

// The metadata store that keeps nothing: for brokers in memory and for tests.
import { StorageError } from '../storage/storage-error.ts'
import { clusterIdOf } from './cluster-id.ts'
import type {
  GroupRecord,
  MetadataChange,
  MetadataSnapshot,
  MetadataStore,
  OffsetRecord,
  TopicRecord,
} from './metadata-store.ts'

/** A store that lives as long as its object, and otherwise promises what every store does. */
export function openMemoryStore({ randomUuid }: { readonly randomUuid: () => string }): MetadataStore {
  return new MemoryStore(clusterIdOf(randomUuid()))
}

class MemoryStore implements MetadataStore {
  readonly #clusterId: string
  #topics = new Map<string, TopicRecord>()
  readonly #groups = new Map<string, GroupRecord>()
  /** By group, then topic, then partition. */
  readonly #offsets = new Map<string, Map<string, Map<number, OffsetRecord>>>()
  #nextProducerId = 0
  #isClosed = false

  constructor(clusterId: string) {
    this.#clusterId = clusterId
  }

  async load(): Promise<MetadataSnapshot> {
    this.#assertOpen('read')
    return structuredClone({
      clusterId: this.#clusterId,
      topics: [...this.#topics.values()],
      groups: [...this.#groups.values()],
      offsets: [...this.#offsets.values()].flatMap((topics) =>
        [...topics.values()].flatMap((partitions) => [...partitions.values()]),
      ),
      nextProducerId: this.#nextProducerId,
    })
  }

  async write(changes: readonly MetadataChange[]): Promise<void> {
    this.#assertOpen('write to')
    // Only a topic can be refused, so topics come first, on a copy; nothing else has changed when that throws.
    this.#topics = topicsAfter(this.#topics, changes)
    for (const change of changes) this.#apply(change)
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #assertOpen(operation: string): void {
    if (this.#isClosed) throw new StorageError(operation, 'memory', new Error('the store is closed'))
  }

  #apply(change: MetadataChange): void {
    switch (change.kind) {
      case 'putTopic':
        return
      case 'deleteTopic':
        for (const topics of this.#offsets.values()) topics.delete(change.name)
        return
      case 'putGroup':
        this.#groups.set(change.group.groupId, { ...change.group })
        return
      case 'deleteGroup':
        this.#groups.delete(change.groupId)
        this.#offsets.delete(change.groupId)
        return
      case 'putOffsets':
        for (const record of change.offsets) this.#putOffset({ ...record })
        return
      case 'deleteOffsets':
        for (const { topic, partition } of change.partitions) {
          this.#offsets.get(change.groupId)?.get(topic)?.delete(partition)
        }
        return
      case 'putNextProducerId':
        this.#nextProducerId = change.nextProducerId
        return
    }
  }

  #putOffset(record: OffsetRecord): void {
    const topics = this.#offsets.get(record.groupId) ?? new Map<string, Map<number, OffsetRecord>>()
    this.#offsets.set(record.groupId, topics)
    const partitions = topics.get(record.topic) ?? new Map<number, OffsetRecord>()
    topics.set(record.topic, partitions)
    partitions.set(record.partition, record)
  }
}

function topicsAfter(before: Map<string, TopicRecord>, changes: readonly MetadataChange[]): Map<string, TopicRecord> {
  if (!changes.some(({ kind }) => kind === 'putTopic' || kind === 'deleteTopic')) return before
  const topics = new Map(before)
  for (const change of changes) {
    if (change.kind === 'deleteTopic') topics.delete(change.name)
    if (change.kind !== 'putTopic') continue
    const { name, topicId } = change.topic
    if ([...topics.values()].some((other) => other.topicId === topicId && other.name !== name)) {
      throw new StorageError('write to', 'memory', new Error(`two topics would have the id ${topicId}`))
    }
    topics.set(name, structuredClone(change.topic))
  }
  return topics
}

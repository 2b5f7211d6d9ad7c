// What every metadata store promises: topics, groups, offsets and producer ids, changed in atomic units.

/** A topic as it is stored. */
export interface TopicRecord {
  readonly name: string
  /** Lower-case RFC text; no two topics share one, ever. */
  readonly topicId: string
  /** How many partitions it has, numbered from 0. */
  readonly partitions: number
  /** Only what was set for this topic, under Kafka's names. */
  readonly configs: Readonly<Record<string, string>>
  readonly createdMs: number
}

/** A group as its coordinator wrote it. */
export interface GroupRecord {
  readonly groupId: string
  /** The coordinator's own versioned JSON, opaque to the store. */
  readonly state: string
}

/** A committed offset: the next record that the group is going to read. */
export interface OffsetRecord {
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** -1 when the committer did not say. */
  readonly leaderEpoch: number
  readonly metadata: string
  readonly committedMs: number
  /** When it goes, whatever the group does; null: with the group's retention. */
  readonly expireMs: number | null
}

/** Everything that a store holds, as of one moment. */
export interface MetadataSnapshot {
  /** 22 characters, chosen when the store was created. */
  readonly clusterId: string
  readonly topics: readonly TopicRecord[]
  readonly groups: readonly GroupRecord[]
  readonly offsets: readonly OffsetRecord[]
  /** The least producer id that was never given out. */
  readonly nextProducerId: number
}

/** One step of a write. */
export type MetadataChange =
  | { readonly kind: 'putTopic'; readonly topic: TopicRecord }
  /** Takes the topic's committed offsets with it. */
  | { readonly kind: 'deleteTopic'; readonly name: string }
  | { readonly kind: 'putGroup'; readonly group: GroupRecord }
  /** Takes the group's committed offsets with it. */
  | { readonly kind: 'deleteGroup'; readonly groupId: string }
  | { readonly kind: 'putOffsets'; readonly offsets: readonly OffsetRecord[] }
  | {
      readonly kind: 'deleteOffsets'
      readonly groupId: string
      readonly partitions: readonly { readonly topic: string; readonly partition: number }[]
    }
  | { readonly kind: 'putNextProducerId'; readonly nextProducerId: number }

/** Where the broker keeps what is not records. It is read at start-up; after that the broker serves from memory. */
export interface MetadataStore {
  /** All that the writes called before it left, the refused ones excepted. Rejects with a StorageError. */
  load(): Promise<MetadataSnapshot>
  /**
   * Makes these changes, in this order, all or none; durable when it resolves. Writes take effect in the order of the
   * calls, and those that wait at the same time share one transaction. Rejects only with a StorageError: then none of
   * the changes was made, and the next write is tried afresh.
   */
  write(changes: readonly MetadataChange[]): Promise<void>
  /** Finishes the writes that wait, then lets go of everything. Calling it again is harmless. */
  close(): Promise<void>
}

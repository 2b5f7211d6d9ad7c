// The topics of a broker: who they are, and how they come and go without a half-made one being seen.
import { type ErrorCode, ZERO_UUID } from '@goqueue/protocol'
import { assert } from '../assert.ts'
import type { LogConfig } from '../log/log-config.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { Runtime } from '../runtime.ts'
import { StorageError } from '../storage/storage-error.ts'
import type { MetadataSnapshot, MetadataStore, TopicRecord } from '../store/metadata-store.ts'
import { eachOf } from './each-of.ts'
import { internalTopicMessage, isInternalTopic } from './internal-topics.ts'
import { logConfigOf, refusalOfConfigs } from './topic-configs.ts'
import { nameInMetrics, refusalOfTopicName } from './topic-name.ts'

/** A topic as the broker works with it: its row in the store, and its logs by partition. */
export interface Topic extends TopicRecord {
  /** Open; none for a topic that was only validated. */
  readonly logs: readonly PartitionLog[]
}

/** What the catalog needs of the log manager. What is asynchronous rejects with a StorageError. */
export interface TopicLogs {
  /** Makes the log, or recovers it. */
  openLog(topicId: string, partition: number, config?: Partial<LogConfig>): Promise<PartitionLog>
  /** Changes what the open logs of a topic follow, from now on. */
  configureTopic(topicId: string, config: Partial<LogConfig>): void
  /** Closes and removes all logs of a topic; fine when there are none. */
  deleteTopic(topicId: string): Promise<void>
}

/** Row N20: what keeps a client from filling the machine with topics. */
export interface TopicLimits {
  /** For a topic that does not say how many it wants. */
  readonly numPartitions: number
  readonly maxPartitionsPerTopic: number
  /** Of all topics together. */
  readonly maxPartitions: number
}

export interface NewTopic {
  readonly name: string
  /** -1: as many as the broker gives by default. */
  readonly partitions: number
  /** 1 or, by default, -1: a single broker holds the only replica. */
  readonly replicationFactor?: number
  readonly configs?: ReadonlyMap<string, string | null>
  /** The broker makes it for itself: only so may it have the name of an internal topic. */
  readonly isInternal?: boolean
  /** Only says what would happen; the topic of the outcome then has ZERO_UUID for its id. */
  readonly validateOnly?: boolean
}

/** Why nothing was changed. */
export interface TopicRefusal {
  readonly errorCode: Exclude<ErrorCode, 'NONE'>
  readonly message: string
}

export type TopicOutcome = { readonly errorCode: 'NONE'; readonly topic: Topic } | TopicRefusal

/** From what is set for a topic to what shall be set. */
export type ChangeConfigs = (configs: ReadonlyMap<string, string>) => ReadonlyMap<string, string | null> | TopicRefusal

/** Something that was not the client's fault and that nobody waits to hear. */
export interface TopicEvent {
  /** The topic is gone, or never was; its files are still there, and no topic will ever have this id. */
  readonly kind: 'logsLeftBehind'
  readonly topicId: string
  readonly error: StorageError
}

export interface TopicCatalogOptions {
  readonly snapshot: Pick<MetadataSnapshot, 'topics'>
  readonly store: Pick<MetadataStore, 'write'>
  readonly logs: TopicLogs
  readonly runtime: Pick<Runtime, 'randomUuid' | 'wallClockMs'>
  readonly limits: TopicLimits
  readonly report: (event: TopicEvent) => void
}

const LOGS_OPENED_AT_ONCE = 16

/** Answers from memory. A topic that can be seen has its row in the store and all its logs. */
export class TopicCatalog {
  readonly #store: TopicCatalogOptions['store']
  readonly #logs: TopicLogs
  readonly #runtime: TopicCatalogOptions['runtime']
  readonly #limits: TopicLimits
  readonly #report: (event: TopicEvent) => void
  readonly #byName = new Map<string, Topic>()
  readonly #byId = new Map<string, Topic>()
  /** The name as metrics write it, to the topic that has it. */
  readonly #byMetricsName = new Map<string, Topic>()
  /** How many partitions each topic that is being made, or that grows, will add: nobody sees them, but they count. */
  readonly #beingMade = new Map<TopicRecord, number>()
  /** The last change of each name (as in metrics) that is under way: changes of one name go one after another. */
  readonly #changes = new Map<string, Promise<unknown>>()

  /** Opens the logs of all topics of the snapshot, a few at a time. Rejects with a StorageError when one cannot be. */
  static async load(options: TopicCatalogOptions): Promise<TopicCatalog> {
    const catalog = new TopicCatalog(options)
    for (const topic of await catalog.#withLogs(options.snapshot.topics)) catalog.#add(topic)
    return catalog
  }

  private constructor({ store, logs, runtime, limits, report }: TopicCatalogOptions) {
    this.#store = store
    this.#logs = logs
    this.#runtime = runtime
    this.#limits = limits
    this.#report = report
  }

  byName(name: string): Topic | undefined {
    return this.#byName.get(name)
  }

  /** By its id in RFC text. A directory of logs whose name is the id of no topic belongs to nobody. */
  byId(topicId: string): Topic | undefined {
    return this.#byId.get(topicId)
  }

  all(): Topic[] {
    return [...this.#byName.values()]
  }

  /** Makes a topic: it can be seen when it is on the disk. Of several that want one name at once, one gets it. */
  create(request: NewTopic): Promise<TopicOutcome> {
    return this.#oneAfterAnother(request.name, async () => {
      const refusal = this.#refusalOf(request)
      if (refusal !== null) return refusal
      const record: TopicRecord = {
        name: request.name,
        topicId: request.validateOnly === true ? ZERO_UUID : this.#runtime.randomUuid(),
        partitions: this.#partitionsOf(request),
        configs: recordOf(request.configs ?? new Map()),
        createdMs: this.#runtime.wallClockMs(),
      }
      return request.validateOnly === true ? { errorCode: 'NONE', topic: { ...record, logs: [] } } : this.#make(record)
    })
  }

  /** Removes a topic and its committed offsets; given an id, only if the name is still that topic's. */
  delete(name: string, topicId?: string): Promise<TopicOutcome> {
    return this.#oneAfterAnother(name, async () => {
      const topic = this.#byName.get(name)
      if (topic === undefined || (topicId !== undefined && topic.topicId !== topicId)) return noSuchTopic(name)
      if (isInternalTopic(name)) return internalTopicRefusal(name)
      // Unseen from now on: an offset that was committed after this write would outlive the topic.
      this.#remove(topic)
      try {
        // The row first: a crash from here on leaves files that belong to nobody, never a topic without its records.
        await this.#store.write([{ kind: 'deleteTopic', name }])
      } catch (error) {
        this.#add(topic)
        return storageRefusal(error)
      }
      await this.#deleteLogs(topic)
      return { errorCode: 'NONE', topic }
    })
  }

  /** Gives a topic more partitions, `count` in all: they can be seen when they are on the disk. */
  createPartitions(name: string, count: number, options: { validateOnly?: boolean } = {}): Promise<TopicOutcome> {
    return this.#oneAfterAnother(name, async () => {
      const topic = this.#byName.get(name)
      if (topic === undefined) return noSuchTopic(name)
      if (isInternalTopic(name)) return internalTopicRefusal(name)
      if (count <= topic.partitions) {
        const message = `The topic ${name} has ${topic.partitions} partitions; it can have more of them, not ${count}.`
        return { errorCode: 'INVALID_PARTITIONS', message }
      }
      const refusal = this.#limitReachedBy(count, count - topic.partitions)
      if (refusal !== null) return refusal
      return options.validateOnly === true ? { errorCode: 'NONE', topic } : this.#grow(topic, count)
    })
  }

  /** Replaces what is set for a topic by what `change` makes of it; its open logs follow at once. */
  alterConfigs(name: string, change: ChangeConfigs, options: { validateOnly?: boolean } = {}): Promise<TopicOutcome> {
    return this.#oneAfterAnother(name, async () => {
      const topic = this.#byName.get(name)
      if (topic === undefined) return noSuchTopic(name)
      const wanted = change(new Map(Object.entries(topic.configs)))
      if ('errorCode' in wanted) return wanted
      const message = refusalOfConfigs(wanted)
      if (message !== null) return { errorCode: 'INVALID_CONFIG', message }
      return options.validateOnly === true ? { errorCode: 'NONE', topic } : this.#configure(topic, wanted)
    })
  }

  async #configure(topic: Topic, wanted: ReadonlyMap<string, string | null>): Promise<TopicOutcome> {
    const configs = recordOf(wanted)
    const { logs, ...record } = { ...topic, configs }
    try {
      await this.#store.write([{ kind: 'putTopic', topic: record }])
    } catch (error) {
      return storageRefusal(error)
    }
    this.#add({ ...record, logs })
    this.#logs.configureTopic(topic.topicId, logConfigOf(configs))
    return { errorCode: 'NONE', topic: { ...record, logs } }
  }

  async #grow(topic: Topic, count: number): Promise<TopicOutcome> {
    const { logs, ...record } = { ...topic, partitions: count }
    this.#beingMade.set(record, count - topic.partitions)
    try {
      // The logs first, as in #make. Those that a failure leaves are empty and nobody's, and serve the next try.
      const [grown] = await this.#withLogs([record], logs)
      assert(grown !== undefined, 'one record makes one topic')
      await this.#store.write([{ kind: 'putTopic', topic: record }])
      this.#add(grown)
      return { errorCode: 'NONE', topic: grown }
    } catch (error) {
      return storageRefusal(error)
    } finally {
      this.#beingMade.delete(record)
    }
  }

  async #make(record: TopicRecord): Promise<TopicOutcome> {
    this.#beingMade.set(record, record.partitions)
    try {
      // The logs first: a row in the store promises that they are there.
      const [topic] = await this.#withLogs([record])
      assert(topic !== undefined, 'one record makes one topic')
      await this.#store.write([{ kind: 'putTopic', topic: record }])
      this.#add(topic)
      return { errorCode: 'NONE', topic }
    } catch (error) {
      await this.#deleteLogs(record)
      return storageRefusal(error)
    } finally {
      this.#beingMade.delete(record)
    }
  }

  #refusalOf(request: NewTopic): TopicRefusal | null {
    const { name, partitions, replicationFactor = -1, configs = new Map() } = request
    if (isInternalTopic(name) && request.isInternal !== true) return internalTopicRefusal(name)
    const nameRefusal = refusalOfTopicName(name) ?? this.#collisionOf(name)
    if (nameRefusal !== null) return { errorCode: 'INVALID_TOPIC_EXCEPTION', message: nameRefusal }
    if (this.#byName.has(name)) return { errorCode: 'TOPIC_ALREADY_EXISTS', message: `The topic ${name} exists.` }
    if (partitions !== -1 && partitions < 1) {
      return { errorCode: 'INVALID_PARTITIONS', message: `A topic has 1 or more partitions, not ${partitions}.` }
    }
    if (replicationFactor !== -1 && replicationFactor !== 1) {
      const message = `The replication factor can only be 1 on a single broker, not ${replicationFactor}.`
      return { errorCode: 'INVALID_REPLICATION_FACTOR', message }
    }
    const configRefusal = refusalOfConfigs(configs)
    if (configRefusal !== null) return { errorCode: 'INVALID_CONFIG', message: configRefusal }
    const count = this.#partitionsOf(request)
    return this.#limitReachedBy(count, count)
  }

  #collisionOf(name: string): string | null {
    const other = this.#byMetricsName.get(nameInMetrics(name))
    if (other === undefined || other.name === name) return null
    return `The topic name ${name} is too like ${other.name}, which exists: in metrics "." and "_" are the same.`
  }

  /** For a topic that will have `partitions`, `added` of them new. */
  #limitReachedBy(partitions: number, added: number): TopicRefusal | null {
    const { maxPartitionsPerTopic, maxPartitions } = this.#limits
    if (partitions > maxPartitionsPerTopic) {
      const message = `A topic has at most ${maxPartitionsPerTopic} partitions here, not ${partitions}.`
      return { errorCode: 'POLICY_VIOLATION', message }
    }
    let existing = 0
    for (const topic of this.#byName.values()) existing += topic.partitions
    for (const count of this.#beingMade.values()) existing += count
    if (existing + added > maxPartitions) {
      const message = `The broker has ${existing} of at most ${maxPartitions} partitions; ${added} more are too many.`
      return { errorCode: 'POLICY_VIOLATION', message }
    }
    return null
  }

  #partitionsOf({ partitions }: NewTopic): number {
    return partitions === -1 ? this.#limits.numPartitions : partitions
  }

  /** Opens the logs of these topics but for those `opened` before; when it rejects, some of them may be open. */
  async #withLogs(records: readonly TopicRecord[], opened: readonly PartitionLog[] = []): Promise<Topic[]> {
    const topics = records.map((record) => ({ ...record, logs: [...opened] }))
    await eachOf(partitionsWithoutLog(topics), LOGS_OPENED_AT_ONCE, async ([topic, partition]) => {
      topic.logs[partition] = await this.#logs.openLog(topic.topicId, partition, logConfigOf(topic.configs))
    })
    return topics
  }

  async #deleteLogs({ topicId }: TopicRecord): Promise<void> {
    try {
      await this.#logs.deleteTopic(topicId)
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      this.#report({ kind: 'logsLeftBehind', topicId, error })
    }
  }

  #add(topic: Topic): void {
    this.#byName.set(topic.name, topic)
    this.#byId.set(topic.topicId, topic)
    this.#byMetricsName.set(nameInMetrics(topic.name), topic)
  }

  #remove(topic: Topic): void {
    this.#byName.delete(topic.name)
    this.#byId.delete(topic.topicId)
    this.#byMetricsName.delete(nameInMetrics(topic.name))
  }

  async #oneAfterAnother<Outcome>(name: string, change: () => Promise<Outcome>): Promise<Outcome> {
    const key = nameInMetrics(name)
    const before = this.#changes.get(key) ?? Promise.resolve()
    const outcome = before.then(change)
    const settled = outcome.catch(() => {})
    this.#changes.set(key, settled)
    try {
      return await outcome
    } finally {
      if (this.#changes.get(key) === settled) this.#changes.delete(key)
    }
  }
}

function* partitionsWithoutLog<Each extends Topic>(topics: readonly Each[]): Generator<[Each, number]> {
  for (const topic of topics) {
    for (let partition = topic.logs.length; partition < topic.partitions; partition++) yield [topic, partition]
  }
}

function recordOf(configs: ReadonlyMap<string, string | null>): Record<string, string> {
  return Object.fromEntries([...configs].map(([name, value]) => [name, value ?? '']))
}

function noSuchTopic(name: string): TopicRefusal {
  return { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION', message: `There is no topic ${JSON.stringify(name)}.` }
}

function internalTopicRefusal(name: string): TopicRefusal {
  return { errorCode: 'INVALID_TOPIC_EXCEPTION', message: internalTopicMessage(name) }
}

/** A disk's failure as an answer to the client: one topic of its request failed, the others may not. */
function storageRefusal(error: unknown): TopicRefusal {
  if (!(error instanceof StorageError)) throw error
  return { errorCode: 'KAFKA_STORAGE_ERROR', message: error.message }
}

// Every default of the broker in one table, under Kafka's names in lower camel case.
import { groupDefaults } from './coordinator/group-defaults.ts'

/** Bytes, milliseconds (…Ms) or counts; −1 means no limit where Kafka says so. */
export const brokerDefaults = {
  /** log.segment.bytes: a segment is rolled before it grows beyond this. */
  logSegmentBytes: 1_073_741_824,
  /** log.roll.ms: an active segment is rolled at this age. */
  logRollMs: 604_800_000,
  /** log.retention.ms: segments whose newest record is older are deleted; −1 keeps them. */
  logRetentionMs: 604_800_000,
  /** log.retention.bytes: the oldest segments go while a partition is larger; −1 keeps them. */
  logRetentionBytes: -1,
  /** log.retention.check.interval.ms: how often segments are looked through for what may be deleted. */
  logRetentionCheckIntervalMs: 300_000,
  /** log.min.free.bytes: bytes of the disk under the data directory that records may not use; 0 lets them fill it. */
  logMinFreeBytes: 67_108_864,
  /** log.index.interval.bytes: bytes of log between two index entries. */
  logIndexIntervalBytes: 4_096,
  /** message.max.bytes: the largest record batch. */
  messageMaxBytes: 1_048_588,
  /** log.message.timestamp.after.max.ms: how far a record's CreateTime may lie in the broker's future. */
  logMessageTimestampAfterMaxMs: 3_600_000,
  /** 'durable': a record is visible and acknowledged (acks=all) when it is on disk; 'os': when the kernel has it. */
  flush: 'durable' as 'durable' | 'os',
  /** Calls of fdatasync at once over all partitions: two leave libuv's other threads to reads. */
  maxConcurrentFlushes: 2,
  /** Bytes of recent batches kept in memory over all partitions. */
  tailCacheBytes: 33_554_432,

  /** num.partitions: how many a topic gets that is created without a number. */
  numPartitions: 1,
  /** auto.create.topics.enable: whether asking for a topic that is not there creates it. */
  autoCreateTopicsEnable: false,
  /** Partitions one topic may have. */
  maxPartitionsPerTopic: 1_000,
  /** Partitions all topics together may have. */
  maxPartitions: 20_000,

  ...groupDefaults,

  /** socket.request.max.bytes: the largest request. */
  socketRequestMaxBytes: 104_857_600,
  /** queued.max.request.bytes: request bytes held over all connections before the one with most of them is closed. */
  queuedMaxRequestBytes: 268_435_456,
  /** Requests of one connection that may be answered at the same time; only produce and commit requests are. */
  maxInFlightRequestsPerConnection: 8,
  /** A request must arrive whole within this time of its first byte. */
  requestArrivalTimeoutMs: 30_000,
  /** A response must be taken by the peer within this time. */
  responseDepartureTimeoutMs: 30_000,
  /** connections.max.idle.ms: a connection without a request for this long is closed. */
  connectionsMaxIdleMs: 600_000,
  /** fetch.max.bytes: the most one Fetch response carries (one batch may exceed it). */
  fetchMaxBytes: 16_777_216,
  /** The longest a Fetch may wait, whatever it asks for. */
  fetchMaxWaitMs: 60_000,
  /** Fetch requests that may wait at the same time; beyond it they are answered at once. */
  maxWaitingFetches: 500,
}

export type BrokerSettings = typeof brokerDefaults

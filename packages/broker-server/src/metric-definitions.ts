// Every metric that goqueue-broker exports: its name, its type, its labels, what it means, and where its values come from.
import type { BrokerMetrics, HistogramSnapshot } from '@goqueue/broker-core'
import type { Refusal } from './connection-limits.ts'
import type { GroupLag, LagTotal, PartitionLag } from './group-lag.ts'
import type { ProcessSample } from './process-monitor.ts'
import { keyOf } from './server-settings.ts'

/** What one scrape has to tell, all of one moment. */
export interface Scraped {
  readonly broker: BrokerMetrics
  /** Of each group that has committed something. */
  readonly lags: readonly GroupLag[]
  /** Null where there is no disk, or it does not say. */
  readonly freeBytes: number | null
  readonly refusedConnections: Readonly<Record<Refusal, number>>
  readonly process: ProcessSample
  readonly version: string
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Described {
  readonly name: string
  readonly help: string
}

export interface SampledMetric extends Described {
  readonly type: 'counter' | 'gauge'
  readonly labels: readonly string[]
  readonly samples: (scraped: Scraped) => readonly Sample[]
}

export interface HistogramMetric extends Described {
  readonly type: 'histogram'
  readonly labels: readonly []
  readonly histogram: (scraped: Scraped) => HistogramSnapshot
  /** What a bound and the sum are divided by: 1,000 turns milliseconds into seconds. */
  readonly divisor: number
}

export type MetricDefinition = SampledMetric | HistogramMetric

const MS_PER_SECOND = 1_000

function labelled<L extends string>(
  type: SampledMetric['type'],
  name: string,
  labels: readonly L[],
  help: string,
  samples: (scraped: Scraped) => readonly (readonly [value: number, ...labels: string[]])[],
): SampledMetric {
  return {
    type,
    name,
    labels,
    help,
    samples: (scraped) =>
      samples(scraped).map(([value, ...values]) => ({
        value,
        labels: Object.fromEntries(labels.map((label, index) => [label, values[index] ?? ''])),
      })),
  }
}

function counter(name: string, help: string, value: (scraped: Scraped) => number): SampledMetric {
  return labelled('counter', name, [], help, (scraped) => [[value(scraped)]])
}

function gauge(name: string, help: string, value: (scraped: Scraped) => number): SampledMetric {
  return labelled('gauge', name, [], help, (scraped) => [[value(scraped)]])
}

function histogram(
  name: string,
  help: string,
  divisor: number,
  snapshot: (scraped: Scraped) => HistogramSnapshot,
): HistogramMetric {
  return { type: 'histogram', name, labels: [], help, divisor, histogram: snapshot }
}

/** A gauge for each partition. */
function ofPartitions(
  name: string,
  help: string,
  value: (partition: BrokerMetrics['partitions'][number]) => number,
): SampledMetric {
  return labelled('gauge', name, ['topic', 'partition'], help, ({ broker }) =>
    broker.partitions.map((one) => [value(one), one.topic, String(one.partition)]),
  )
}

/** Of the disk's reserve, where there is one. */
function ofDisk(
  type: SampledMetric['type'],
  name: string,
  help: string,
  value: (disk: NonNullable<BrokerMetrics['disk']>) => number,
): SampledMetric {
  return labelled(type, name, [], help, ({ broker: { disk } }) => (disk === null ? [] : [[value(disk)]]))
}

/** A gauge for each partition that a group has committed for, where it has a value. */
function ofPartitionLags(name: string, help: string, value: (partition: PartitionLag) => number | null): SampledMetric {
  return labelled('gauge', name, ['group', 'topic', 'partition'], help, ({ lags }) =>
    lags.flatMap(({ groupId, partitions }) =>
      known(partitions, value, ({ topic, partition }) => [groupId, topic, String(partition)]),
    ),
  )
}

/** A gauge for each group that has committed something, where it has a value. */
function ofGroupLags(name: string, help: string, value: (lag: LagTotal) => number | null): SampledMetric {
  return labelled('gauge', name, ['group'], help, ({ lags }) => known(lags, value, ({ groupId }) => [groupId]))
}

/** A gauge for each member of each group, where it has a value. */
function ofMemberLags(name: string, help: string, value: (lag: LagTotal) => number | null): SampledMetric {
  return labelled('gauge', name, ['group', 'member_id', 'consumer_id', 'client_id'], help, ({ lags }) =>
    lags.flatMap(({ groupId, members }) =>
      known(members, value, ({ memberId, consumerId, clientId }) => [groupId, memberId, consumerId ?? '', clientId]),
    ),
  )
}

/** The things that have a value, with it and their labels. */
function known<T>(
  things: readonly T[],
  value: (thing: T) => number | null,
  labels: (thing: T) => readonly string[],
): (readonly [value: number, ...labels: string[]])[] {
  return things.flatMap((thing) => {
    const now = value(thing)
    return now === null ? [] : [[now, ...labels(thing)] as const]
  })
}

function inSeconds(ms: number | null): number | null {
  return ms === null ? null : ms / MS_PER_SECOND
}

/** How many things there are of each kind, the kinds with none included. */
function countsBy<K extends string>(kinds: readonly K[], found: readonly K[]): (readonly [number, K])[] {
  const counts = new Map<K, number>(kinds.map((kind) => [kind, 0]))
  for (const kind of found) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return Array.from(counts, ([kind, count]) => [count, kind])
}

const connections: readonly MetricDefinition[] = [
  gauge('goqueue_connections', 'Connections of clients that are open.', ({ broker }) => broker.connections.open),
  gauge(
    'goqueue_connections_held_back',
    'Open connections that are not read from until answers to what they have sent have gone out.',
    ({ broker }) => broker.connections.heldBack,
  ),
  counter(
    'goqueue_connections_opened_total',
    'Connections that the broker has taken over.',
    ({ broker }) => broker.connections.openedTotal,
  ),
  labelled(
    'counter',
    'goqueue_connections_ended_total',
    ['reason'],
    'Connections that have ended, by what ended them: closed (by the client, or one request of the original dialect was answered), idle, late (a request or the taking of an answer), malformed, failed (a fault of the broker), evicted (too many request bytes in memory), shutdown.',
    ({ broker }) => Object.entries(broker.connections.endedTotal).map(([reason, count]) => [count, reason]),
  ),
  labelled(
    'counter',
    'goqueue_connections_refused_total',
    ['limit'],
    'Connections that were refused, by the setting that stood against them.',
    ({ refusedConnections }) => Object.entries(refusedConnections).map(([name, count]) => [count, keyOf(name)]),
  ),
]

const requests: readonly MetricDefinition[] = [
  labelled(
    'counter',
    'goqueue_requests_total',
    ['api'],
    'Requests, by API of Kafka; wire-v1 is the original Go Queue dialect as a whole.',
    ({ broker }) => broker.requests.map(({ api, requestsTotal }) => [requestsTotal, api]),
  ),
  labelled(
    'counter',
    'goqueue_request_errors_total',
    ['api', 'error'],
    'Error codes in answers: one for each topic, partition, group or member that was refused. Commits that were refused are those of the API OffsetCommit. Those of wire-v1 are the numbers of that dialect.',
    ({ broker }) =>
      broker.requests.flatMap(({ api, errorsTotal }) =>
        Array.from(errorsTotal, ([error, count]) => [count, api, error] as const),
      ),
  ),
  labelled('counter', 'goqueue_request_bytes_total', ['api'], 'Bytes of requests.', ({ broker }) =>
    broker.requests.map(({ api, requestBytesTotal }) => [requestBytesTotal, api]),
  ),
  labelled('counter', 'goqueue_response_bytes_total', ['api'], 'Bytes of answers.', ({ broker }) =>
    broker.requests.map(({ api, responseBytesTotal }) => [responseBytesTotal, api]),
  ),
  gauge(
    'goqueue_request_memory_used_bytes',
    'Bytes of requests that have arrived, whole or in part, and are not answered.',
    ({ broker }) => broker.requestMemory.usedBytes,
  ),
  gauge(
    'goqueue_request_memory_limit_bytes',
    'How many of these there may be: queued.max.request.bytes.',
    ({ broker }) => broker.requestMemory.limitBytes,
  ),
  gauge(
    'goqueue_fetches_waiting',
    'Fetch requests that wait for records.',
    ({ broker }) => broker.waitingFetches.count,
  ),
  gauge(
    'goqueue_fetches_waiting_limit',
    'How many of these may wait: max.waiting.fetches.',
    ({ broker }) => broker.waitingFetches.limit,
  ),
]

const partitions: readonly MetricDefinition[] = [
  labelled(
    'gauge',
    'goqueue_partitions',
    ['condition'],
    'Partitions by the condition of their logs: sound, quarantined (damaged records were found at start; it takes no appends until somebody has looked at it), offline (the disk failed; it takes no appends until a restart).',
    ({ broker }) =>
      countsBy(
        ['sound', 'quarantined', 'offline'],
        broker.partitions.map(({ condition }) => condition),
      ),
  ),
  ofPartitions('goqueue_partition_writable', '1 where the log takes appends, 0 where it does not.', ({ condition }) =>
    condition === 'sound' ? 1 : 0,
  ),
  ofPartitions('goqueue_partition_log_start_offset', 'The first offset that can be read.', (one) => one.logStartOffset),
  ofPartitions(
    'goqueue_partition_high_watermark_offset',
    'Records below it can be read, and are on the disk (with flush=os: with the kernel).',
    (one) => one.highWatermark,
  ),
  ofPartitions('goqueue_partition_log_end_offset', 'The offset of the next record.', (one) => one.logEndOffset),
  ofPartitions(
    'goqueue_partition_records_not_durable',
    'Records between what is known to be on the disk and the end of the log: a power cut would take them.',
    (one) => one.recordsNotDurable,
  ),
  ofPartitions(
    'goqueue_partition_bytes_not_durable',
    'Bytes of these records, as they stand in the log.',
    (one) => one.bytesNotDurable,
  ),
  ofPartitions(
    'goqueue_partition_not_durable_age_seconds',
    'How long ago the oldest of these records was appended; 0 where there is none.',
    (one) => one.ageOfNotDurableMs / MS_PER_SECOND,
  ),
  ofPartitions('goqueue_partition_size_bytes', 'Bytes of all segments.', (one) => one.sizeBytes),
]

const log: readonly MetricDefinition[] = [
  histogram(
    'goqueue_log_flush_duration_seconds',
    'How long each fdatasync of a log took.',
    MS_PER_SECOND,
    ({ broker }) => broker.log.flushMs,
  ),
  gauge(
    'goqueue_log_flush_duration_max_seconds',
    'The longest fdatasync of a log since the start.',
    ({ broker }) => broker.log.flushMs.max / MS_PER_SECOND,
  ),
  histogram(
    'goqueue_log_flush_batches',
    'Record batches that each fdatasync made durable.',
    1,
    ({ broker }) => broker.log.flushedBatches,
  ),
  counter(
    'goqueue_log_flush_failures_total',
    'Syncs that failed; each takes its log offline.',
    ({ broker }) => broker.log.flushFailuresTotal,
  ),
  labelled(
    'gauge',
    'goqueue_disk_free_bytes',
    [],
    'Bytes that can still be written to the disk under the data directory; absent in memory.',
    ({ freeBytes }) => (freeBytes === null ? [] : [[freeBytes]]),
  ),
  ofDisk(
    'gauge',
    'goqueue_disk_reserve_bytes',
    'Bytes of the disk that are kept free of records: log.min.free.bytes; like the next two absent where none are.',
    ({ reserveBytes }) => reserveBytes,
  ),
  ofDisk(
    'gauge',
    'goqueue_disk_reserve_reached',
    '1 while no records are taken, because no more than the reserve is free; 0 otherwise.',
    ({ isReserveReached }) => (isReserveReached ? 1 : 0),
  ),
  ofDisk(
    'counter',
    'goqueue_disk_reserve_refusals_total',
    'Record batches that were refused for that; a producer that tries again is counted again.',
    ({ refusedAppendsTotal }) => refusedAppendsTotal,
  ),
  gauge(
    'goqueue_log_recovery_seconds',
    'How long it took at start to open and recover all logs.',
    ({ broker }) => broker.log.recoveryMs / MS_PER_SECOND,
  ),
  counter(
    'goqueue_log_truncated_bytes_total',
    'Bytes of writes that a crash had cut short, cut off at start; none of them had been acknowledged as durable.',
    ({ broker }) => broker.log.truncatedBytesTotal,
  ),
  counter(
    'goqueue_log_damaged_ranges_total',
    'Ranges of records found damaged on the disk.',
    ({ broker }) => broker.log.damagedRangesTotal,
  ),
  gauge(
    'goqueue_tail_cache_used_bytes',
    'Memory that recent batches take.',
    ({ broker }) => broker.log.tailCache.usedBytes,
  ),
  gauge(
    'goqueue_tail_cache_limit_bytes',
    'Memory that they may take: tail.cache.bytes.',
    ({ broker }) => broker.log.tailCache.budgetBytes,
  ),
]

const store: readonly MetricDefinition[] = [
  histogram(
    'goqueue_store_commit_duration_seconds',
    'How long each transaction of the metadata store (topics, groups, offsets) took.',
    MS_PER_SECOND,
    ({ broker }) => broker.store.commitMs,
  ),
  gauge(
    'goqueue_store_commit_duration_max_seconds',
    'The longest transaction of the metadata store since the start.',
    ({ broker }) => broker.store.commitMs.max / MS_PER_SECOND,
  ),
  histogram(
    'goqueue_store_commit_writes',
    'Writes that shared each transaction of the metadata store.',
    1,
    ({ broker }) => broker.store.committedWrites,
  ),
  counter(
    'goqueue_store_writes_refused_total',
    'Writes that the metadata store did not make.',
    ({ broker }) => broker.store.refusedWritesTotal,
  ),
]

const groups: readonly MetricDefinition[] = [
  labelled('gauge', 'goqueue_groups', ['state'], 'Consumer groups by state.', ({ broker }) =>
    countsBy(
      ['Empty', 'PreparingRebalance', 'CompletingRebalance', 'Stable'],
      broker.groups.map(({ state }) => state),
    ),
  ),
  counter(
    'goqueue_rebalances_total',
    'Generations that began in all groups, those that are gone included: one for each rebalance, and one when a group empties.',
    ({ broker }) => broker.rebalancesTotal,
  ),
  labelled(
    'counter',
    'goqueue_group_rebalances_total',
    ['group'],
    'Generations that began in this group since the broker was started.',
    ({ broker }) => broker.groups.map(({ groupId, rebalancesTotal }) => [rebalancesTotal, groupId]),
  ),
  labelled('gauge', 'goqueue_group_members', ['group'], 'Members of the group.', ({ broker }) =>
    broker.groups.map(({ groupId, members }) => [members, groupId]),
  ),
  labelled(
    'gauge',
    'goqueue_group_state_seconds',
    ['group', 'state'],
    'How long the group has been in the state that it is in.',
    ({ broker }) => broker.groups.map((group) => [group.timeInStateMs / MS_PER_SECOND, group.groupId, group.state]),
  ),
  labelled(
    'gauge',
    'goqueue_group_committed_offset',
    ['group', 'topic', 'partition'],
    'The next record that the group is going to read.',
    ({ broker }) =>
      broker.groups.flatMap(({ groupId, offsets }) =>
        offsets.map((one) => [one.committedOffset, groupId, one.topic, String(one.partition)] as const),
      ),
  ),
  ofPartitionLags(
    'goqueue_group_partition_lag_records',
    'Records from the committed offset to the high watermark.',
    ({ lag }) => lag,
  ),
  ofPartitionLags(
    'goqueue_group_partition_time_behind_seconds',
    'Age of the oldest record that the group has not committed past, by the timestamp in the record (in a compressed batch: of its first record); 0 where there is none.',
    ({ timeBehindMs }) => inSeconds(timeBehindMs),
  ),
  ofPartitionLags(
    'goqueue_group_partition_drain_seconds',
    'How long the records that are there now will take at the pace of the commits that the scrapes of the last five minutes saw; 0 when nothing is left, absent when no pace is known: at the first scrape, or without progress.',
    ({ drainMs }) => inSeconds(drainMs),
  ),
  ofGroupLags(
    'goqueue_group_lag_records',
    'Records behind over all partitions that the group has committed for.',
    ({ lag }) => lag,
  ),
  ofGroupLags(
    'goqueue_group_time_behind_seconds',
    'The greatest time behind over all partitions that the group has committed for.',
    ({ timeBehindMs }) => inSeconds(timeBehindMs),
  ),
  ofGroupLags(
    'goqueue_group_drain_seconds',
    'How long the slowest partition will take; absent when the pace of one that has records left is not known.',
    ({ drainMs }) => inSeconds(drainMs),
  ),
  ofMemberLags(
    'goqueue_group_member_lag_records',
    'Records behind over the partitions of this member that the group has committed for; like all of members absent where there is none, and while the group rebalances.',
    ({ lag }) => lag,
  ),
  ofMemberLags(
    'goqueue_group_member_time_behind_seconds',
    'The greatest time behind over these partitions.',
    ({ timeBehindMs }) => inSeconds(timeBehindMs),
  ),
  ofMemberLags(
    'goqueue_group_member_drain_seconds',
    'How long the slowest of these partitions will take; absent when the pace of one that has records left is not known.',
    ({ drainMs }) => inSeconds(drainMs),
  ),
]

const itself: readonly MetricDefinition[] = [
  labelled(
    'counter',
    'goqueue_events_total',
    ['kind'],
    'Events that the broker reported, by kind: the same word as in the log.',
    ({ broker }) => Array.from(broker.eventsTotal, ([kind, count]) => [count, kind]),
  ),
  counter(
    'goqueue_assertion_failures_total',
    'Faults of the broker that it has noticed itself; anything but 0 is one to report.',
    ({ broker }) => broker.assertionFailuresTotal,
  ),
  labelled(
    'gauge',
    'goqueue_event_loop_delay_seconds',
    ['quantile'],
    'How late timers rang since the last scrape: the 0.5 and 0.99 quantiles, and 1 for the greatest.',
    ({ process: { eventLoopDelay } }) => [
      [eventLoopDelay.p50Ms / MS_PER_SECOND, '0.5'],
      [eventLoopDelay.p99Ms / MS_PER_SECOND, '0.99'],
      [eventLoopDelay.maxMs / MS_PER_SECOND, '1'],
    ],
  ),
  gauge(
    'goqueue_process_resident_memory_bytes',
    'Memory of the process that is not swapped out.',
    (scraped) => scraped.process.residentBytes,
  ),
  gauge('goqueue_process_heap_used_bytes', 'JavaScript heap in use.', (scraped) => scraped.process.heapUsedBytes),
  gauge('goqueue_process_heap_bytes', 'JavaScript heap reserved.', (scraped) => scraped.process.heapTotalBytes),
  gauge(
    'goqueue_process_external_memory_bytes',
    'Memory outside of the JavaScript heap that its objects hold: buffers.',
    (scraped) => scraped.process.externalBytes,
  ),
  labelled('counter', 'goqueue_process_cpu_seconds_total', ['mode'], 'Processor time: user and system.', (scraped) => [
    [scraped.process.userSeconds, 'user'],
    [scraped.process.systemSeconds, 'system'],
  ]),
  gauge(
    'goqueue_process_start_time_seconds',
    'When the process was started, in seconds since 1970.',
    (scraped) => scraped.process.startedAtSeconds,
  ),
  labelled(
    'gauge',
    'goqueue_build_info',
    ['version', 'node'],
    'Always 1: its labels are the versions of goqueue-broker and of Node.',
    ({ version }) => [[1, version, process.version]],
  ),
]

/** In the order of the document and of the export. */
export const metricDefinitions: readonly (readonly [title: string, metrics: readonly MetricDefinition[]])[] = [
  ['Connections', connections],
  ['Requests', requests],
  ['Partitions', partitions],
  ['The log and its disk', log],
  ['The metadata store', store],
  ['Groups and their lag', groups],
  ['The broker itself', itself],
]

/** Series that one metric may have: what is beyond is left out, and counted in goqueue_metrics_series_left_out. */
export const MOST_SERIES = 10_000

export const leftOutMetric = {
  name: 'goqueue_metrics_series_left_out',
  type: 'gauge',
  labels: ['metric'],
  help: `Series of a metric beyond the first ${MOST_SERIES.toLocaleString('en')}, which are not exported.`,
} as const

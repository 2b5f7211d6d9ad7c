// The door of @goqueue/broker-core: a Kafka-protocol broker as a library.
export { Broker, openBroker, type Peer } from './broker.ts'
export { brokerDefaults, type BrokerSettings } from './broker-defaults.ts'
export type { BrokerEvent } from './broker-event.ts'
export type {
  BrokerMetrics,
  CommittedOffsetMetrics,
  ConnectionMetrics,
  DiskMetrics,
  GroupMetrics,
  LogMetrics,
  PartitionMetrics,
  RequestMetrics,
  StoreMetrics,
} from './broker-metrics.ts'
export { BrokerOptionsError } from './broker-options-error.ts'
export type { GroupState } from './classic-group/group.ts'
export type { ConnectionEnd } from './connection-counts.ts'
export type { MemberAssignment } from './coordinator/member-assignments.ts'
export type { HistogramSnapshot } from './histogram.ts'
export type { LogCondition } from './log/partition-log.ts'
export type { BrokerOptions } from './options.ts'
export type { CountedApi, CountedError } from './request-counts.ts'
export type { Alarm, Runtime } from './runtime.ts'
export type { FileHandle, FileSystem } from './storage/file-system.ts'
export { StorageError } from './storage/storage-error.ts'
export { DataDirectoryLockedError } from './store/data-directory-lock.ts'
export type { TimeBehind } from './time-behind.ts'

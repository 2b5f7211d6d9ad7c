// The door of @goqueue/client: a Kafka client in pure TypeScript.
export { Client } from './client.ts'
export {
  Admin,
  type GroupDescription,
  type GroupMember,
  type GroupOffset,
  type PartitionDescription,
  type TopicDescription,
  type TopicSummary,
} from './admin.ts'
export type { AlterConfigsOptions, ConfigChanges, ConfigEntry, ConfigResource, ConfigSource } from './admin/configs.ts'
export type { OffsetToSet } from './admin/group-offsets.ts'
export type { GroupSummary, ListGroupsOptions, MemberToRemove, RemoveMembersOptions } from './admin/groups.ts'
export type { LagOptions } from './admin/lag.ts'
export type { PartitionBegin, RecordsToDelete } from './admin/partitions.ts'
export type { CommittedOffset } from './committed-offsets.ts'
export type { BrokerAddress, Dial } from './connection.ts'
export { Consumer, type PartitionToRead } from './consumer.ts'
export type { ConnectionEvent, MembershipEvent, RetryEvent, StallCause, StallEvent } from './diagnostics.ts'
export {
  ClosedError,
  ConnectionError,
  GoQueueError,
  KafkaError,
  RequestTimeoutError,
  type ClientErrorCode,
  type GoQueueErrorDetails,
} from './errors.ts'
export { GroupConsumer, type CloseOptions } from './group-consumer.ts'
export type { GroupLag, LagTotal, MemberLag, PartitionLag } from './group-lag.ts'
export type { FoundOffset, OffsetQuery } from './offset-lookup.ts'
export type {
  AssignedConsumerOptions,
  AutoOffsetReset,
  ClientOptions,
  ConsumerOptions,
  GroupConsumerOptions,
  ProducerOptions,
  TopicToCreate,
} from './options.ts'
export type { GroupAssignment } from './ownership.ts'
export { defaultPartitioner, type Partitioner } from './partitioner.ts'
export { Producer } from './producer.ts'
export type { Bytes, ConsumerRecord, ProducerRecord, RecordPlace, TopicPartition } from './record.ts'
export type { Handler, HandlerContext, RetryPolicy, RunOptions } from './run-options.ts'
export type { Alarm, Runtime } from './runtime.ts'
export type { TopicToRead } from './subscription.ts'
export type { SchemaInput, SchemaIssue, SchemaOutput, SchemaResult, StandardSchema } from './standard-schema.ts'
export { topic, type RecordOf, type Topic, type TopicFormat, type TopicOptions, type TypedRecord } from './topic.ts'
export type { CallOptions } from './waiting.ts'
export type { Assignor, CompressionName, ErrorCode } from '@goqueue/protocol'

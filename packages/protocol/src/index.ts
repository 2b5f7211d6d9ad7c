// The door of @goqueue/protocol: everything that both ends of a Kafka connection must agree on.
export { DecodeError } from './decode-error.ts'
export { EncodeError } from './encode-error.ts'
export { errorEntry, errorName, errorNumber, errors, type ErrorCode, type ErrorEntry } from './errors.ts'
export type { MessageInput, MessageOf, MessageSchema, Range, Schema } from './schema.ts'
export { decode, encode } from './codec.ts'
export { apiName, apis, type ApiName, type Apis } from './apis.ts'
export {
  decodeResponse,
  encodeRequest,
  encodeResponse,
  readCorrelationId,
  readRequestBody,
  readRequestHeader,
  readRequestStart,
  type RequestFrame,
  type RequestHeader,
  type RequestInput,
  type RequestOf,
  type ResponseInput,
  type ResponseOf,
} from './frames.ts'
export { FrameSplitter } from './frame-splitter.ts'
export { isUuid, ZERO_UUID } from './uuid.ts'
export {
  assignOffsets,
  compressionOf,
  hasLogAppendTime,
  isControl,
  isCrcValid,
  isTransactional,
  lastOffset,
  nextOffset,
  readRecordBatchHeader,
  RECORD_BATCH_MAGIC,
  RECORD_BATCH_OVERHEAD,
  sizeOfBatch,
  splitBatches,
  type PlacedBatch,
  type RecordBatchHeader,
} from './record-batch.ts'
export {
  buildRecordBatch,
  recordSizeUpperBound,
  type RecordBatchToBuild,
  type RecordBytes,
  type RecordToBuild,
} from './build-record-batch.ts'
export {
  DEFAULT_MAX_DECOMPRESSED_BYTES,
  readRecords,
  type BatchRecord,
  type ReadRecordsOptions,
} from './read-records.ts'
export {
  checkProduceBatches,
  type ProduceCheck,
  type ProduceLimits,
  type ProduceRefusal,
} from './check-produce-batches.ts'
export { compress, decompress } from './compression/compression.ts'
export type { CompressionName } from './compression/compression-name.ts'
export { murmur2, partitionForKey } from './murmur2.ts'
export { crc32c } from './crc32c.ts'
export {
  dialectOf,
  parseWireV1Request,
  WireV1RequestError,
  wireV1TypeOf,
  type DialectName,
  type ParsedWireV1,
  type WireV1Request,
  type WireV1Type,
} from './wire-v1/wire-v1-request.ts'
export * from './wire-v1/wire-v1-response.ts'
export * from './messages/index.ts'
export {
  decodeSubscription,
  encodeSubscription,
  SUBSCRIPTION_VERSION,
  type Subscription,
  type SubscriptionToEncode,
} from './assignment/subscription.ts'
export {
  ASSIGNMENT_VERSION,
  decodeAssignment,
  encodeAssignment,
  type Assignment,
} from './assignment/assignment-blob.ts'
export {
  type Assignments,
  type Assignor,
  type AssignorInput,
  type AssignorMember,
  type PreviousAssignment,
} from './assignment/assignor.ts'
export type { PartitionsByTopic } from './assignment/topic-partitions.ts'
export { range } from './assignment/range.ts'
export { roundrobin } from './assignment/roundrobin.ts'
export { sticky } from './assignment/sticky.ts'
export { cooperativeSticky } from './assignment/cooperative-sticky.ts'
export { builtInAssignors } from './assignment/built-in-assignors.ts'

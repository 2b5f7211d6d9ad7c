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
export * from './messages/index.ts'

// Responses of the original Go Queue dialect: an int32 length, then the body that its request's type calls for.
import { Writer } from '../writer.ts'
import type { WireV1Type } from './wire-v1-request.ts'

/**
 * Error codes. For groups: 1 not understood, 2 anything else, 3 does not exist. For produce and fetch: 1 invalid request,
 * 2 invalid or unknown topic, 3 unknown partition, 4 invalid message, 5 message too large, 6 offset out of range.
 */
export type WireV1ErrorCode = 0 | 1 | 2 | 3 | 4 | 5 | 6

export interface WireV1TopicSummary {
  readonly name: string
  readonly partitions: number
  /** Seconds since the epoch. */
  readonly createdSeconds: number
  readonly bytes: number
  readonly messages: number
}

export interface WireV1PartitionSummary {
  readonly partition: number
  readonly leader: number
  readonly bytes: number
  readonly messages: number
  readonly startOffset: number
  readonly endOffset: number
}

/** A single broker holds one replica of everything. */
const REPLICAS = 1

function sized(write: (writer: Writer) => void): Buffer {
  const writer = new Writer()
  writer.int32(0)
  write(writer)
  writer.patchInt32(0, writer.position - 4)
  return writer.finish()
}

/** Base offset and error, in this order: the only response whose error comes last. */
export function wireV1ProduceResponse(errorCode: WireV1ErrorCode, baseOffset: number): Buffer {
  return sized((writer) => {
    writer.int64(baseOffset)
    writer.int16(errorCode)
  })
}

export function wireV1FetchResponse(answer: {
  readonly topic: string
  readonly partition: number
  readonly errorCode: WireV1ErrorCode
  readonly nextOffset: number
  readonly messages: readonly Uint8Array[]
}): Buffer {
  return sized((writer) => {
    writer.string(answer.topic)
    writer.int32(answer.partition)
    writer.int16(answer.errorCode)
    writer.int64(answer.nextOffset)
    writer.int32(answer.messages.length)
    for (const message of answer.messages) writer.bytes(message)
  })
}

/** Ten bytes with the error in the first two, where the original client reads it. */
export function wireV1CreateTopicResponse(errorCode: WireV1ErrorCode): Buffer {
  return sized((writer) => {
    writer.int16(errorCode)
    writer.int64(0)
  })
}

export function wireV1JoinGroupResponse(answer: {
  readonly errorCode: WireV1ErrorCode
  readonly generation: number
  readonly groupId: string
  readonly consumerId: string
  readonly leader: string
  readonly members: readonly { readonly consumerId: string; readonly clientId: string }[]
  /** The joiner's own share, by topic. */
  readonly assignment: ReadonlyMap<string, readonly number[]>
}): Buffer {
  return sized((writer) => {
    writer.int16(answer.errorCode)
    writer.int32(answer.generation)
    writer.string(answer.groupId)
    writer.string(answer.consumerId)
    writer.string(answer.leader)
    writer.int32(answer.members.length)
    for (const { consumerId, clientId } of answer.members) {
      writer.string(consumerId)
      writer.string(clientId)
    }
    writer.int32(answer.assignment.size)
    for (const [topic, partitions] of answer.assignment) {
      writer.string(topic)
      writer.int32(partitions.length)
      for (const partition of partitions) writer.int32(partition)
    }
  })
}

/** Leave, heartbeat, commit, and whatever is answered by nothing but a code. */
export function wireV1CodeResponse(errorCode: WireV1ErrorCode): Buffer {
  return sized((writer) => writer.int16(errorCode))
}

/** The offset is −1 where there is none. */
export function wireV1FetchOffsetResponse(errorCode: WireV1ErrorCode, offset: number): Buffer {
  return sized((writer) => {
    writer.int16(errorCode)
    writer.int64(offset)
  })
}

export function wireV1ListTopicsResponse(topics: readonly WireV1TopicSummary[]): Buffer {
  return sized((writer) => {
    writer.int16(0)
    writer.int32(topics.length)
    for (const topic of topics) writeSummary(writer, topic)
  })
}

export function wireV1DescribeTopicResponse(
  topic: WireV1TopicSummary,
  partitions: readonly WireV1PartitionSummary[],
): Buffer {
  return sized((writer) => {
    writer.int16(0)
    writeSummary(writer, topic)
    writer.int32(partitions.length)
    for (const { partition, leader, bytes, messages, startOffset, endOffset } of partitions) {
      writer.int32(partition)
      writer.int32(leader)
      writer.int64(bytes)
      writer.int64(messages)
      writer.int64(startOffset)
      writer.int64(endOffset)
    }
  })
}

export function wireV1DeleteTopicResponse(topic: string): Buffer {
  return sized((writer) => {
    writer.int16(0)
    writer.string(topic)
  })
}

export function wireV1TopicInfoResponse(topic: WireV1TopicSummary): Buffer {
  return sized((writer) => {
    writer.int16(0)
    writer.string(topic.name)
    writer.int32(topic.partitions)
    writer.int64(topic.messages)
    writer.int64(topic.bytes)
  })
}

function writeSummary(writer: Writer, topic: WireV1TopicSummary): void {
  writer.string(topic.name)
  writer.int32(topic.partitions)
  writer.int32(REPLICAS)
  writer.int64(topic.createdSeconds)
  writer.int64(topic.bytes)
  writer.int64(topic.messages)
}

const LENGTH_BYTES = 4

/** The error code in a response, whole as it goes on the wire, to a request of this type. */
export function wireV1ErrorCodeOf(type: WireV1Type, response: Buffer): WireV1ErrorCode {
  return response.readInt16BE(LENGTH_BYTES + bytesBeforeCode(type, response)) as WireV1ErrorCode
}

function bytesBeforeCode(type: WireV1Type, response: Buffer): number {
  if (type === 'produce') return 8 // the base offset
  if (type === 'fetch') return 2 + response.readInt16BE(LENGTH_BYTES) + 4 // the topic and the partition
  return 0
}

/** A refusal in the shape that a client of this type of request reads. */
export function wireV1ErrorResponse(type: WireV1Type, errorCode: Exclude<WireV1ErrorCode, 0>): Buffer {
  switch (type) {
    case 'produce':
      return wireV1ProduceResponse(errorCode, 0)
    case 'fetch':
      return wireV1FetchResponse({ topic: '', partition: 0, errorCode, nextOffset: 0, messages: [] })
    case 'createTopic':
      return wireV1CreateTopicResponse(errorCode)
    case 'joinGroup':
      return wireV1JoinGroupResponse({
        errorCode,
        generation: 0,
        groupId: '',
        consumerId: '',
        leader: '',
        members: [],
        assignment: new Map(),
      })
    case 'fetchOffset':
      return wireV1FetchOffsetResponse(errorCode, -1)
    case 'describeTopic':
    case 'deleteTopic':
    case 'topicInfo':
    case 'listTopics':
      // Six bytes, as the original sends: nothing is read behind the code.
      return sized((writer) => {
        writer.int16(errorCode)
        writer.int32(0)
      })
    case 'leaveGroup':
    case 'heartbeat':
    case 'commitOffset':
    case 'listGroups':
    case 'describeGroup':
      return wireV1CodeResponse(errorCode)
    default:
      return type satisfies never
  }
}

// Requests of the original Go Queue dialect: no length prefix, one request for each connection, parsed as the bytes arrive.
import { DecodeError } from '../decode-error.ts'

/** The request types of the dialect by their number. 8 and 9 were named and never spoken. */
export const wireV1Types = {
  produce: 0,
  fetch: 1,
  createTopic: 2,
  joinGroup: 3,
  leaveGroup: 4,
  heartbeat: 5,
  commitOffset: 6,
  fetchOffset: 7,
  listGroups: 8,
  describeGroup: 9,
  listTopics: 10,
  describeTopic: 11,
  deleteTopic: 12,
  topicInfo: 13,
} as const

export type WireV1Type = keyof typeof wireV1Types

const typeByNumber = new Map<number, WireV1Type>(
  (Object.keys(wireV1Types) as WireV1Type[]).map((type): [number, WireV1Type] => [wireV1Types[type], type]),
)

const VERSION = 1

/** Which protocol a connection speaks. */
export type DialectName = 'kafka' | 'wire-v1'

/**
 * What a connection speaks, by its first bytes; null while they leave it open (six always suffice). The original dialect
 * starts with int32 0 to 13, then int16 1. A Kafka request of 8 to 13 bytes never has api key 1 there, since no Fetch request
 * is that short.
 */
export function dialectOf(start: Buffer): DialectName | null {
  if (start.length < 4) return null
  if (!typeByNumber.has(start.readInt32BE(0))) return 'kafka'
  if (start.length < 6) return null
  return start.readInt16BE(4) === VERSION ? 'wire-v1' : 'kafka'
}

export type WireV1Request =
  | {
      readonly type: 'produce'
      readonly topic: string
      readonly partition: number
      readonly messages: readonly Buffer[]
    }
  | {
      readonly type: 'fetch'
      readonly topic: string
      readonly partition: number
      readonly offset: number
      readonly maxBytes: number
    }
  | { readonly type: 'createTopic'; readonly name: string; readonly partitions: number; readonly replicas: number }
  | {
      readonly type: 'joinGroup'
      readonly groupId: string
      readonly consumerId: string
      readonly clientId: string
      readonly topics: readonly string[]
      readonly sessionTimeoutMs: number
    }
  | { readonly type: 'leaveGroup'; readonly groupId: string; readonly consumerId: string }
  | {
      readonly type: 'heartbeat'
      readonly groupId: string
      readonly consumerId: string
      readonly generation: number
    }
  | {
      readonly type: 'commitOffset'
      readonly groupId: string
      readonly topic: string
      readonly partition: number
      readonly offset: number
      readonly metadata: string
    }
  | { readonly type: 'fetchOffset'; readonly groupId: string; readonly topic: string; readonly partition: number }
  | { readonly type: 'listGroups' | 'describeGroup' | 'listTopics' }
  | { readonly type: 'describeTopic' | 'deleteTopic' | 'topicInfo'; readonly topic: string }

/** A request that can never be read: `type` says which answer its client expects, null where even that is unknown. */
export class WireV1RequestError extends DecodeError {
  readonly type: WireV1Type | null

  constructor(type: WireV1Type | null, message: string) {
    super(message)
    this.type = type
  }
}

/** Topics that one join may name: each is looked at again whenever more of the request has arrived. */
const MAX_TOPICS = 1_000

/** The bytes end before the request does. */
class Unfinished extends Error {
  readonly neededBytes: number

  constructor(neededBytes: number) {
    super()
    this.neededBytes = neededBytes
  }
}

class Cursor {
  private readonly bytes: Buffer
  private readonly maxBytes: number
  private position = 0
  type: WireV1Type | null = null

  constructor(bytes: Buffer, maxBytes: number) {
    this.bytes = bytes
    this.maxBytes = maxBytes
  }

  take(count: number): number {
    const at = this.position
    if (at + count > this.maxBytes) throw this.refusal(`the request is longer than ${this.maxBytes} bytes`)
    if (at + count > this.bytes.length) throw new Unfinished(at + count)
    this.position = at + count
    return at
  }

  refusal(message: string): WireV1RequestError {
    return new WireV1RequestError(this.type, message)
  }

  int8(): number {
    return this.bytes.readInt8(this.take(1))
  }

  int16(): number {
    return this.bytes.readInt16BE(this.take(2))
  }

  int32(): number {
    return this.bytes.readInt32BE(this.take(4))
  }

  int64(name: string): number {
    const value = Number(this.bytes.readBigInt64BE(this.take(8)))
    if (!Number.isSafeInteger(value)) throw this.refusal(`${name} ${value} is not a safe integer`)
    return value
  }

  count(name: string): number {
    const count = this.int32()
    if (count < 0) throw this.refusal(`${name} ${count} is negative`)
    return count
  }

  text(name: string): string {
    const length = this.int16()
    if (length < 0) throw this.refusal(`length ${length} of ${name} is negative`)
    const at = this.take(length)
    return this.bytes.toString('utf8', at, at + length)
  }

  view(length: number): Buffer {
    const at = this.take(length)
    return this.bytes.subarray(at, at + length)
  }
}

/** A message set: each message behind its int32 length, filling the announced bytes exactly. */
function readMessages(cursor: Cursor): Buffer[] {
  const compression = cursor.int8()
  const set = cursor.view(cursor.count('byte length of the messages'))
  if (compression !== 0) throw cursor.refusal(`compression ${compression}: only 0 (none) is allowed`)
  const messages: Buffer[] = []
  let at = 0
  while (at < set.length) {
    if (at + 4 > set.length) throw cursor.refusal('the messages end within a length')
    const length = set.readInt32BE(at)
    if (length < 0 || at + 4 + length > set.length)
      throw cursor.refusal(`message length ${length} does not fit its set`)
    messages.push(set.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return messages
}

function readTexts(cursor: Cursor, name: string): string[] {
  const texts: string[] = []
  const count = cursor.count(`number of ${name}s`)
  if (count > MAX_TOPICS) throw cursor.refusal(`${count} ${name}s: at most ${MAX_TOPICS} are allowed`)
  while (texts.length < count) texts.push(cursor.text(name))
  return texts
}

function readBody(cursor: Cursor, type: WireV1Type): WireV1Request {
  switch (type) {
    case 'produce':
      return { type, topic: cursor.text('topic'), partition: cursor.int32(), messages: readMessages(cursor) }
    case 'fetch':
      return {
        type,
        topic: cursor.text('topic'),
        partition: cursor.int32(),
        offset: cursor.int64('offset'),
        maxBytes: cursor.int32(),
      }
    case 'createTopic':
      return { type, name: cursor.text('name'), partitions: cursor.int32(), replicas: cursor.int32() }
    case 'joinGroup':
      return {
        type,
        groupId: cursor.text('group'),
        consumerId: cursor.text('consumer'),
        clientId: cursor.text('client id'),
        topics: readTexts(cursor, 'topic'),
        sessionTimeoutMs: cursor.int32(),
      }
    case 'leaveGroup':
      return { type, groupId: cursor.text('group'), consumerId: cursor.text('consumer') }
    case 'heartbeat':
      return { type, groupId: cursor.text('group'), consumerId: cursor.text('consumer'), generation: cursor.int32() }
    case 'commitOffset':
      return {
        type,
        groupId: cursor.text('group'),
        topic: cursor.text('topic'),
        partition: cursor.int32(),
        offset: cursor.int64('offset'),
        metadata: cursor.text('metadata'),
      }
    case 'fetchOffset':
      return { type, groupId: cursor.text('group'), topic: cursor.text('topic'), partition: cursor.int32() }
    case 'listGroups':
    case 'describeGroup':
    case 'listTopics':
      return { type }
    case 'describeTopic':
    case 'deleteTopic':
    case 'topicInfo':
      return { type, topic: cursor.text('topic') }
    default:
      return type satisfies never
  }
}

/** A request, or how many bytes must have arrived before it is worth looking again. */
export type ParsedWireV1 =
  { readonly request: WireV1Request } | { readonly request: null; readonly neededBytes: number }

/**
 * Reads the request at the start of `bytes`; nothing is kept or allocated for a length that was only announced. Throws
 * WireV1RequestError for one that cannot be read, or would exceed `maxBytes`. Message contents are views of `bytes`.
 */
export function parseWireV1Request(bytes: Buffer, maxBytes: number): ParsedWireV1 {
  const cursor = new Cursor(bytes, maxBytes)
  try {
    const number = cursor.int32()
    const version = cursor.int16()
    const type = typeByNumber.get(number)
    if (type === undefined) throw cursor.refusal(`request type ${number}: 0 to 13 are allowed`)
    cursor.type = type
    if (version !== VERSION) throw cursor.refusal(`version ${version}: only ${VERSION} is allowed`)
    return { request: readBody(cursor, type) }
  } catch (error) {
    if (error instanceof Unfinished) return { request: null, neededBytes: error.neededBytes }
    throw error
  }
}

/** The type that a request's first bytes name, null when they name none: what a truncated request can still be answered as. */
export function wireV1TypeOf(bytes: Buffer): WireV1Type | null {
  return bytes.length < 4 ? null : (typeByNumber.get(bytes.readInt32BE(0)) ?? null)
}

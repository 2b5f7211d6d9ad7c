// Records of typed topics on their way to the wire and back. What validates at once is done at once: no promise is made for it.
import { isUtf8 } from 'node:buffer'
import { GoQueueError } from './errors.ts'
import type { Bytes, ConsumerRecord, ProducerRecord } from './record.ts'
import type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.ts'
import { isTopic, type RecordOf, type Topic, type TopicFormat, type TypedRecord } from './topic.ts'

/** Issues that an error's message names; its `cause` has them all. */
const ISSUES_IN_MESSAGE = 3

type Part = 'key' | 'value'
/** An error that says of a key or a value what is wrong with it, and where its record is. */
type Wrong = (what: string | readonly string[], cause: unknown) => GoQueueError
interface Valid {
  readonly value: unknown
}
interface Written {
  /** What goes on the wire. */
  readonly text: string | null
  /** What a reader will find there. */
  readonly read: unknown
}

/**
 * The record with its key and value as they are read: its schemas' output. A promise only where a schema gives one. Throws, or
 * rejects with, INVALID_RECORD that names the place, key or value, the path and what the schema says; its `cause` is the
 * schema's list of issues, or what JSON.parse threw.
 */
export function decodeRecord<T extends Topic>(topic: T, record: ConsumerRecord): RecordOf<T> | Promise<RecordOf<T>> {
  const wrongIn = (part: Part) => {
    return wrong(() => `${record.topic}[${record.partition}] at offset ${record.offset}`, part)
  }
  const decoded = (key: unknown, value: unknown) => ({ ...record, key, value }) as RecordOf<T>
  const decodeValue = () => decode(topic.value, topic.valueFormat, record.value, wrongIn('value'))
  if (topic.key === null) return after(decodeValue(), ({ value }) => decoded(record.key, value))
  return after(decode(topic.key, topic.keyFormat, record.key, wrongIn('key')), ({ value: key }) =>
    after(decodeValue(), ({ value }) => decoded(key, value)),
  )
}

/**
 * The records as they go to the wire, those of typed topics validated. A promise only where a schema gives one. Throws, or
 * rejects with, INVALID_RECORD that names the topic, key or value, the path, what the schema says and, where there are many,
 * the record's index.
 */
export function encodeRecords(
  records: readonly TypedRecord<string | Topic>[],
  isMany: boolean,
): readonly ProducerRecord[] | Promise<readonly ProducerRecord[]> {
  if (!records.some(isTyped)) return records as readonly ProducerRecord[]
  let isPromised = false
  const encoded = records.map((record, index) => {
    if (!isTyped(record)) return record
    const outcome = encodeRecord(record, isMany ? `send: record ${index} to` : 'send to')
    if (!(outcome instanceof Promise)) return outcome
    isPromised = true
    // A record behind it that is refused at once leaves nobody to hear of this one.
    outcome.catch(() => {})
    return outcome
  })
  return isPromised ? Promise.all(encoded) : (encoded as ProducerRecord[])
}

function isTyped(record: TypedRecord<string | Topic>): record is TypedRecord<Topic> {
  return isTopic(record.topic)
}

function encodeRecord(record: TypedRecord<Topic>, verb: string): ProducerRecord | Promise<ProducerRecord> {
  const { topic, key = null, value, ...others } = record
  const wrongIn = (part: Part) => wrong(() => `${verb} '${topic.name}'`, part)
  // Both are written before anything waits: whatever happens to the value given meanwhile, what was validated is sent.
  const writtenValue = write(topic.valueFormat, value, wrongIn('value'))
  const encoded = (wireKey: Bytes | null) =>
    after(validate(topic.value, writtenValue.read, wrongIn('value')), () => {
      return { ...others, topic: topic.name, key: wireKey, value: writtenValue.text }
    })
  if (topic.key === null) return encoded(key as Bytes | null)
  const writtenKey = write(topic.keyFormat, key, wrongIn('key'))
  return after(validate(topic.key, writtenKey.read, wrongIn('key')), () => encoded(writtenKey.text))
}

function write(format: TopicFormat, value: unknown, invalid: Wrong): Written {
  if (value === null) return { text: null, read: null }
  if (format === 'text') {
    if (typeof value !== 'string') throw invalid(' must be a string or null: its format is text', undefined)
    return { text: value, read: value }
  }
  let text: string | undefined
  try {
    text = JSON.stringify(value) as string | undefined
  } catch (error) {
    throw invalid(` cannot be written as JSON: ${messageOf(error)}`, error)
  }
  if (text === undefined) throw invalid(` cannot be written as JSON: it is ${typeof value}`, undefined)
  return { text, read: JSON.parse(text) }
}

function decode(
  schema: StandardSchema,
  format: TopicFormat,
  bytes: Buffer | null,
  invalid: Wrong,
): Valid | Promise<Valid> {
  if (bytes === null) return validate(schema, null, invalid)
  if (!isUtf8(bytes)) throw invalid(' is not UTF-8', undefined)
  const text = bytes.toString()
  if (format === 'text') return validate(schema, text, invalid)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw invalid(` is not JSON: ${messageOf(error)}`, error)
  }
  return validate(schema, value, invalid)
}

function validate(schema: StandardSchema, value: unknown, invalid: Wrong): Valid | Promise<Valid> {
  const valid = (result: SchemaResult<unknown>): Valid => {
    if (result.issues) throw invalid(described(result.issues), result.issues)
    return result
  }
  const threw = (error: unknown) => invalid(`: its schema threw: ${messageOf(error)}`, error)
  let outcome: SchemaResult<unknown> | Promise<SchemaResult<unknown>>
  try {
    outcome = schema['~standard'].validate(value)
  } catch (error) {
    throw threw(error)
  }
  if (!('then' in outcome)) return valid(outcome)
  return Promise.resolve(outcome).then(valid, (error: unknown) => {
    throw threw(error)
  })
}

/** Goes on at once where it can. */
function after<From, To>(outcome: From | Promise<From>, next: (outcome: From) => To | Promise<To>): To | Promise<To> {
  return outcome instanceof Promise ? outcome.then(next) : next(outcome)
}

/** The issues, each behind its path. */
function described(issues: readonly SchemaIssue[]): readonly string[] {
  if (issues.length === 0) return [' does not fit its schema']
  const named = issues.slice(0, ISSUES_IN_MESSAGE)
  const more = issues.length - named.length
  return named.map(({ path = [], message }, index) => {
    const isLast = index === named.length - 1
    return `${path.map(step).join('')}: ${message}${isLast && more > 0 ? ` (and ${more} more)` : ''}`
  })
}

function step(segment: PropertyKey | { readonly key: PropertyKey }): string {
  const key = typeof segment === 'object' ? segment.key : segment
  if (typeof key === 'string') return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
  return `[${String(key)}]`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function wrong(place: () => string, part: Part): Wrong {
  return (what, cause) => {
    const sentences = [what].flat().map((sentence) => part + sentence)
    return new GoQueueError('INVALID_RECORD', `${place()}: ${sentences.join('; ')}`, { cause })
  }
}

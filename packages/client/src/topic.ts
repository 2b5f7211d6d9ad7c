// Typed topics: the name of a topic, and the schemas that its keys and values fit.
import { GoQueueError } from './errors.ts'
import type { Bytes, ConsumerRecord, ProducerRecord } from './record.ts'
import type { SchemaInput, SchemaOutput, StandardSchema } from './standard-schema.ts'

/** How a key or a value is written: as JSON text or as the text that it is, both in UTF-8. */
export type TopicFormat = 'json' | 'text'

/** Text is written as it is: its schema must accept strings, and nothing but strings and null. */
type TextSchema = StandardSchema<string | null, unknown>

/** What `topic()` is told besides the name. */
export type TopicOptions<Value extends StandardSchema, Key extends StandardSchema | null> = (
  | { readonly value: Value; readonly valueFormat?: 'json' | undefined }
  | { readonly value: Value & TextSchema; readonly valueFormat?: TopicFormat | undefined }
) &
  (
    | { readonly key?: (Key & TextSchema) | undefined; readonly keyFormat?: 'text' | undefined }
    | { readonly key: Key & StandardSchema; readonly keyFormat: 'json' }
  )

/** Whether a value is what `topic()` makes. */
export let isTopic: (value: unknown) => value is Topic

/**
 * Made by `topic()`. Stands for the topic wherever records are sent or read, and types them: what is sent is the schemas'
 * input, what is read their output.
 */
export class Topic<
  Name extends string = string,
  Value extends StandardSchema = StandardSchema,
  Key extends StandardSchema | null = StandardSchema | null,
> {
  readonly name: Name
  readonly value: Value
  /** null: keys are bytes, as in plain records. */
  readonly key: Key
  readonly valueFormat: TopicFormat
  readonly keyFormat: TopicFormat
  readonly #isTopic = true

  static {
    isTopic = (value): value is Topic => typeof value === 'object' && value !== null && #isTopic in value
  }

  constructor(name: Name, value: Value, key: Key, valueFormat: TopicFormat, keyFormat: TopicFormat) {
    this.name = name
    this.value = value
    this.key = key
    this.valueFormat = valueFormat
    this.keyFormat = keyFormat
  }
}

/**
 * Says what the records of a topic are; nothing is created in the cluster. A schema is any Standard Schema v1 validator,
 * synchronous or not.
 *
 * On the wire a value is JSON (with `valueFormat: 'text'` the string as it is) and a key is text, so that every Kafka client
 * finds the same partition for it (with `keyFormat: 'json'` JSON). A null key or value (a tombstone) is shown to the schema
 * as null and is null on the wire. Without a key schema keys are bytes. Throws INVALID_OPTIONS for what is no schema.
 */
export function topic<
  const Name extends string,
  Value extends StandardSchema,
  Key extends StandardSchema | null = null,
>(name: Name, options: TopicOptions<Value, Key>): Topic<Name, Value, Key> {
  if (typeof name !== 'string' || (name as string) === '') throw wrong('the name must be the name of a topic')
  const { value, key = null, valueFormat = 'json', keyFormat = 'text' } = options
  if (!isSchema(value)) throw wrong(`'${name}': value must be a Standard Schema (v1)`)
  if (key !== null && !isSchema(key)) throw wrong(`'${name}': key must be a Standard Schema (v1)`)
  if (!isFormat(valueFormat)) throw wrong(`'${name}': valueFormat must be 'json' or 'text'`)
  if (!isFormat(keyFormat)) throw wrong(`'${name}': keyFormat must be 'text' or 'json'`)
  if (key === null && options.keyFormat !== undefined) throw wrong(`'${name}': keyFormat needs a schema for keys`)
  return new Topic<Name, Value, Key>(name, value, key as Key, valueFormat, keyFormat)
}

function isSchema(value: unknown): boolean {
  // Some vendors' schemas are functions.
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return false
  const standard = (value as Partial<StandardSchema>)['~standard']
  return standard?.version === 1 && typeof standard.validate === 'function'
}

function isFormat(value: unknown): boolean {
  return value === 'json' || value === 'text'
}

function wrong(what: string): GoQueueError {
  return new GoQueueError('INVALID_OPTIONS', `topic: ${what}`)
}

type KeyInput<Key extends StandardSchema | null> = Key extends StandardSchema ? SchemaInput<Key> : Bytes | null
type KeyOutput<Key extends StandardSchema | null> = Key extends StandardSchema ? SchemaOutput<Key> : Buffer | null

/** A record to send to the topic that T stands for: typed for a `Topic`, where a key may be left out if null is one. */
export type TypedRecord<T extends string | Topic> =
  T extends Topic<string, infer Value, infer Key>
    ? Pick<ProducerRecord, 'partition' | 'timestampMs' | 'headers'> & {
        readonly topic: T
        readonly value: SchemaInput<Value>
      } & (null extends KeyInput<Key> ? { readonly key?: KeyInput<Key> | undefined } : { readonly key: KeyInput<Key> })
    : ProducerRecord

/** What is read from a topic that is named by T: typed for a `Topic`, bytes for a string or a RegExp. */
export type RecordOf<T extends string | RegExp | Topic> =
  T extends Topic<infer Name, infer Value, infer Key>
    ? ConsumerRecord<KeyOutput<Key>, SchemaOutput<Value>> & { readonly topic: Name }
    : ConsumerRecord

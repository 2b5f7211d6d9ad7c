// Finds where one of our declarations says something else than Apache's JSON about the versions that both know.
import type { Range, Schema } from '@goqueue/protocol'
import type { KafkaField, KafkaMessage } from './kafka-message.ts'

type Field = Schema['fields'][number]

/** `differences` are errors of ours. `notes` tell which versions only one side has. */
export interface Drift {
  readonly differences: string[]
  readonly notes: string[]
}

const zeros: Readonly<Record<string, unknown>> = {
  bool: false,
  int8: 0,
  int16: 0,
  int32: 0,
  int64: 0,
  uuid: '00000000-0000-0000-0000-000000000000',
  string: '',
  bytes: '',
  // Kafka's generator gives records no value of their own (FieldSpec.java, fieldDefault).
  records: null,
}

function parseRange(text: string | undefined): Range | null {
  if (text === undefined || text === 'none') return null
  const [, from, plus, to] = /^(\d+)(\+)?(?:-(\d+))?$/.exec(text) ?? []
  if (from === undefined) throw new Error(`Kafka's range '${text}' is in a notation that is not known here`)
  return { min: Number(from), max: plus === '+' ? Infinity : Number(to ?? from) }
}

function both(a: Range | null, b: Range): Range | null {
  const range = { min: Math.max(a?.min ?? Infinity, b.min), max: Math.min(a?.max ?? -1, b.max) }
  return range.min > range.max ? null : range
}

function rangeText(range: Range | null): string {
  return range === null ? 'none' : `${range.min}-${range.max}`
}

/** Compares field by field, in order, within the versions that both declare. */
export function findDrift(schema: Schema, kafka: KafkaMessage): Drift {
  const differences: string[] = []
  const compare = (path: string, what: string, ours: unknown, theirs: unknown): void => {
    const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)]
    if (a !== b) differences.push(`${path}: ${what} is ${a} here and ${b} in Kafka`)
  }

  const structFields = (field: KafkaField): readonly KafkaField[] => {
    const name = field.type.replace(/^\[\]/, '')
    return field.fields ?? kafka.commonStructs?.find((struct) => struct.name === name)?.fields ?? []
  }

  const compareFields = (path: string, ours: readonly Field[], theirs: readonly KafkaField[], within: Range): void => {
    const ourFields = ours.filter((field) => both(field.versions, within) !== null)
    const theirFields = theirs.filter((field) => both(parseRange(field.versions), within) !== null)
    const theirNames = theirFields.map(nameOf)
    compare(
      path,
      'the order of fields',
      ourFields.map((field) => field.name),
      theirNames,
    )
    for (const field of ourFields) {
      const place = theirNames.indexOf(field.name)
      if (place >= 0) compareField(`${path}.${field.name}`, field, theirFields[place]!, within)
    }
  }

  const compareField = (path: string, ours: Field, theirs: KafkaField, within: Range): void => {
    const range = (text: string | undefined): string => rangeText(both(parseRange(text), within))
    const versions = both(ours.versions, within)
    compare(path, 'versions', rangeText(versions), range(theirs.versions))
    compare(path, 'nullable', rangeText(both(ours.nullable, within)), range(theirs.nullableVersions))
    compare(path, 'tag', ours.tag, theirs.tag ?? null)
    if (ours.tag !== null) compare(path, 'versions of the tag', rangeText(versions), range(theirs.taggedVersions))
    compare(path, 'ignorable', ours.isIgnorable, theirs.ignorable === true)
    compare(path, 'flexible versions of its own', null, theirs.flexibleVersions ?? null)
    const ourStruct = ours.kind === 'array' ? ours.element! : ours
    compare(path, 'type', ourType(ours), theirType(theirs))
    compare(path, 'default', ourDefault(ours), theirDefault(theirs))
    if (ourStruct.kind === 'struct') compareFields(path, ourStruct.fields, structFields(theirs), versions ?? within)
  }

  const valid = parseRange(kafka.validVersions)
  const shared = both(valid, schema.versions)
  compare(schema.name, 'name', schema.name, kafka.name)
  compare(schema.name, 'api key', schema.apiKey, kafka.apiKey ?? -1)
  const notes: string[] = []
  if (rangeText(valid) !== rangeText(schema.versions)) {
    notes.push(`${schema.name}: versions ${rangeText(schema.versions)} here, ${rangeText(valid)} in Kafka`)
  }
  if (shared !== null) {
    const flexible = rangeText(both(schema.flexible, shared))
    compare(schema.name, 'flexible versions', flexible, rangeText(both(parseRange(kafka.flexibleVersions), shared)))
    compareFields(schema.name, schema.fields, kafka.fields, shared)
  }
  return { differences, notes }
}

function nameOf(field: KafkaField): string {
  return field.name.charAt(0).toLowerCase() + field.name.slice(1)
}

function ourType(field: Pick<Field, 'kind' | 'element'>): string {
  if (field.kind === 'array') return `[]${ourType(field.element!)}`
  return field.kind === 'errorCode' ? 'int16' : field.kind
}

function theirType(field: KafkaField): string {
  if (field.type.startsWith('[]')) return `[]${theirType({ ...field, type: field.type.slice(2) })}`
  return field.type in zeros ? field.type : 'struct'
}

function ourDefault(field: Field): unknown {
  const value = field.defaultValue
  if (field.kind === 'errorCode') return value === 'NONE' ? 0 : value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
  return field.kind === 'struct' && value === undefined ? 'struct' : value
}

function theirDefault(field: KafkaField): unknown {
  const text = field.default === undefined ? '' : String(field.default)
  if (text === 'null') return null
  if (field.type.startsWith('[]')) return []
  const zero = zeros[field.type]
  if (zero === undefined) return 'struct'
  if (text === '') return zero
  if (typeof zero === 'boolean') return text === 'true'
  return typeof zero === 'number' ? Number(text) : text
}

// Turns Kafka's JSON form of a message into the values that our codec gives for the same bytes.
import { errorName } from '../../src/errors.ts'
import { covers, defaultOf, type FieldSpec, type NamedField } from '../../src/schema.ts'
import { uuidText } from '../../src/uuid.ts'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** Absent fields are at their default. Throws for a field that we do not declare in this version. */
export function fromKafkaJson(fields: readonly NamedField[], version: number, json: unknown): Record<string, unknown> {
  const given = new Map(Object.entries(json as { [name: string]: Json }))
  const struct: Record<string, unknown> = {}
  for (const field of fields) {
    const value = covers(field.versions, version) ? given.get(field.name) : undefined
    if (value === undefined) {
      struct[field.name] = defaultOf(field)
      continue
    }
    struct[field.name] = valueOf(field, version, value)
    given.delete(field.name)
  }
  if (given.size > 0) throw new Error(`not declared in version ${version}: ${[...given.keys()].join(', ')}`)
  return struct
}

function valueOf(field: FieldSpec, version: number, json: Json): unknown {
  if (json === null) return null
  switch (field.kind) {
    case 'struct':
      return fromKafkaJson(field.fields, version, json)
    case 'array':
      return (json as Json[]).map((element) => valueOf(field.element as FieldSpec, version, element))
    case 'bytes':
    case 'records':
      return Buffer.from(json as string, 'base64')
    case 'uuid':
      return uuidText(Buffer.from(json as string, 'base64url'), 0)
    case 'errorCode':
      return errorName(json as number)
    default:
      return json
  }
}

// Random values of any declared message that a given version can carry, for property tests.
import fc from 'fast-check'
import { errors } from '../../src/errors.ts'
import { covers, defaultOf, type FieldSpec, type NamedField, type Schema } from '../../src/schema.ts'

function arbitraryValue(field: FieldSpec, version: number): fc.Arbitrary<unknown> {
  const plain = arbitraryPlain(field, version)
  return covers(field.nullable, version) ? fc.option(plain, { nil: null }) : plain
}

function arbitraryPlain(field: FieldSpec, version: number): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'bool':
      return fc.boolean()
    case 'int8':
      return fc.integer({ min: -0x80, max: 0x7f })
    case 'int16':
      return fc.integer({ min: -0x8000, max: 0x7fff })
    case 'int32':
      return fc.integer()
    case 'int64':
      return fc.maxSafeInteger()
    case 'uuid':
      return fc.uuid()
    case 'errorCode':
      return fc.constantFrom(...errors.map((entry) => entry.name))
    case 'string':
      return fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '主题', ''))
    case 'bytes':
    case 'records':
      return fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
    case 'array':
      return fc.array(arbitraryValue(field.element as FieldSpec, version), { maxLength: 4 })
    case 'struct':
      return arbitraryStruct(field.fields, version)
    default:
      return field.kind satisfies never
  }
}

function arbitraryStruct(fields: readonly NamedField[], version: number): fc.Arbitrary<Record<string, unknown>> {
  const entries = fields.map((field): [string, fc.Arbitrary<unknown>] => [
    field.name,
    covers(field.versions, version) ? arbitraryValue(field, version) : fc.constant(defaultOf(field)),
  ])
  return fc.record(Object.fromEntries(entries))
}

/** Values of `schema` whose fields absent in `version` hold their default, so that a round trip gives them back. */
export function arbitraryMessage(schema: Schema, version: number): fc.Arbitrary<Record<string, unknown>> {
  return arbitraryStruct(schema.fields, version)
}

/** Every (message, version) this package declares. */
export function* schemaVersions(schemas: Iterable<Schema>): Generator<{ schema: Schema; version: number }> {
  for (const schema of schemas) {
    for (let version = schema.versions.min; version <= schema.versions.max; version++) yield { schema, version }
  }
}

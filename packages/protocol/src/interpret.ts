// The plain reading of a declaration: the oracle of the compiled codec, its fallback, and the one that tells where an error lies.
import { DecodeError } from './decode-error.ts'
import { EncodeError } from './encode-error.ts'
import { minimumSize } from './minimum-size.ts'
import type { Reader } from './reader.ts'
import { covers, defaultOf, isDefault, type FieldSpec, type NamedField } from './schema.ts'
import { Writer } from './writer.ts'

type Struct = Record<string, unknown>

/** Names the field in an error on its way up. */
class Located extends Error {
  readonly path: string
  constructor(path: string, cause: unknown) {
    super('', { cause })
    this.path = path
  }
}

function at<T>(name: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (!(error instanceof Located)) throw new Located(name, error)
    const dot = error.path.startsWith('[') ? '' : '.'
    throw new Located(`${name}${dot}${error.path}`, error.cause)
  }
}

/** Splits an error of this file into where it happened and what it was. */
export function locate(error: unknown): { path: string; cause: unknown } {
  return error instanceof Located ? { path: error.path, cause: error.cause } : { path: '', cause: error }
}

function readValue(reader: Reader, field: FieldSpec, version: number, isFlexible: boolean): unknown {
  const isNullable = covers(field.nullable, version)
  switch (field.kind) {
    case 'bool':
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uuid':
    case 'errorCode':
      return reader[field.kind]()
    case 'int64':
      return field.saturates ? reader.int64Saturated() : reader.int64()
    case 'string':
      if (isFlexible) return isNullable ? reader.compactNullableString() : reader.compactString()
      return isNullable ? reader.nullableString() : reader.string()
    case 'bytes':
    case 'records':
      if (isFlexible) return isNullable ? reader.compactNullableBytes() : reader.compactBytes()
      return isNullable ? reader.nullableBytes() : reader.bytes()
    case 'struct':
      if (isNullable && !reader.isPresent()) return null
      return readStruct(reader, field.fields, version, isFlexible)
    case 'array': {
      const element = field.element as FieldSpec
      const bytes = minimumSize(element, version, isFlexible)
      const count = isFlexible
        ? isNullable
          ? reader.compactNullableCount(bytes)
          : reader.compactCount(bytes)
        : isNullable
          ? reader.nullableCount(bytes)
          : reader.count(bytes)
      if (count === -1) return null
      return Array.from({ length: count }, (_, index) =>
        at(`[${index}]`, () => readValue(reader, element, version, isFlexible)),
      )
    }
    default:
      return field.kind satisfies never
  }
}

function readTags(reader: Reader, tagged: readonly NamedField[], version: number, struct: Struct): void {
  let lastTag = -1
  for (let left = reader.unsignedVarint(); left > 0; left--) {
    const tag = reader.unsignedVarint()
    const size = reader.unsignedVarint()
    if (tag <= lastTag) throw new DecodeError(`tag ${tag} after tag ${lastTag}: tags must ascend`)
    lastTag = tag
    const end = reader.position + size
    const field = tagged.find((candidate) => candidate.tag === tag)
    if (field === undefined) {
      reader.skip(size)
      continue
    }
    struct[field.name] = at(field.name, () => readValue(reader, field, version, true))
    if (reader.position !== end) throw new DecodeError(`tag ${tag} announced ${size} bytes and took another number`)
  }
}

export function readStruct(
  reader: Reader,
  fields: readonly NamedField[],
  version: number,
  isFlexible: boolean,
): Struct {
  const struct: Struct = {}
  for (const field of fields) {
    const isPlain = field.tag === null && covers(field.versions, version)
    struct[field.name] = isPlain
      ? at(field.name, () => readValue(reader, field, version, isFlexible))
      : defaultOf(field)
  }
  if (isFlexible) {
    const tagged = fields.filter((field) => field.tag !== null && covers(field.versions, version))
    readTags(reader, tagged, version, struct)
  }
  return struct
}

function refuseNull(field: FieldSpec, version: number): void {
  if (!covers(field.nullable, version)) throw new EncodeError(`null is not allowed in version ${version}`)
}

function writeValue(writer: Writer, field: FieldSpec, value: unknown, version: number, isFlexible: boolean): void {
  if (value === null) refuseNull(field, version)
  switch (field.kind) {
    case 'bool':
      return writer.bool(value as boolean)
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return writer[field.kind](value as number)
    case 'uuid':
      return writer.uuid(value as string)
    case 'errorCode':
      return writer.errorCode(value as never)
    case 'string':
      return isFlexible ? writer.compactString(value as string | null) : writer.string(value as string | null)
    case 'bytes':
    case 'records':
      return isFlexible ? writer.compactBytes(value as Uint8Array | null) : writer.bytes(value as Uint8Array | null)
    case 'struct':
      if (covers(field.nullable, version)) writer.int8(value === null ? -1 : 1)
      if (value !== null) writeStruct(writer, field.fields, value as Struct, version, isFlexible)
      return
    case 'array': {
      const elements = value as readonly unknown[] | null
      const length = elements === null ? -1 : elements.length
      if (isFlexible) writer.unsignedVarint(length + 1)
      else writer.int32(length)
      elements?.forEach((element, index) =>
        at(`[${index}]`, () => writeValue(writer, field.element as FieldSpec, element, version, isFlexible)),
      )
      return
    }
    default:
      return field.kind satisfies never
  }
}

export function writeStruct(
  writer: Writer,
  fields: readonly NamedField[],
  struct: Struct,
  version: number,
  isFlexible: boolean,
): void {
  const tags: NamedField[] = []
  for (const field of fields) {
    const given = struct[field.name]
    at(field.name, () => {
      if (!covers(field.versions, version)) {
        if (!field.isIgnorable && !isDefault(field, given)) {
          throw new EncodeError(`version ${version} cannot carry it`)
        }
      } else if (field.tag !== null) {
        if (!isDefault(field, given)) tags.push(field)
      } else {
        if (given === undefined && !field.isOptional) throw new EncodeError('a value is required')
        writeValue(writer, field, given === undefined ? defaultOf(field) : given, version, isFlexible)
      }
    })
  }
  if (!isFlexible) return
  tags.sort((a, b) => (a.tag as number) - (b.tag as number))
  writer.unsignedVarint(tags.length)
  for (const field of tags) {
    const content = new Writer(64)
    at(field.name, () => writeValue(content, field, struct[field.name], version, true))
    writer.unsignedVarint(field.tag as number)
    writer.unsignedVarint(content.position)
    writer.raw(content.finish())
  }
}

// Encodes and decodes declared messages: compiled on first use for each version, with the interpreter as fallback and for errors.
import { compile, type CompiledCodec } from './compile.ts'
import { DecodeError } from './decode-error.ts'
import { EncodeError } from './encode-error.ts'
import { locate, readStruct, writeStruct } from './interpret.ts'
import { Reader } from './reader.ts'
import { covers, type MessageInput, type MessageOf, type Schema } from './schema.ts'
import { Writer } from './writer.ts'

function interpreted(schema: Schema, version: number): CompiledCodec {
  const isFlexible = covers(schema.flexible, version)
  return {
    read: (reader) => readStruct(reader, schema.fields, version, isFlexible),
    write: (writer, value) => writeStruct(writer, schema.fields, value as Record<string, unknown>, version, isFlexible),
  }
}

const codecs = new Map<Schema, CompiledCodec[]>()

function codecOf(schema: Schema, version: number): CompiledCodec {
  let versions = codecs.get(schema)
  if (versions === undefined) codecs.set(schema, (versions = []))
  const known = versions[version]
  if (known !== undefined) return known
  let codec: CompiledCodec
  try {
    codec = compile(schema, version)
  } catch (error) {
    if (!(error instanceof EvalError)) throw error
    codec = interpreted(schema, version)
  }
  return (versions[version] = codec)
}

function refuseVersion(schema: Schema, version: number): string | null {
  if (covers(schema.versions, version)) return null
  return `${schema.name} has no version ${version}: allowed are ${schema.versions.min} to ${schema.versions.max}`
}

/** Appends a message to `writer`. Throws EncodeError, which names the field path, for a value the version cannot carry. */
export function writeMessage<S extends Schema>(
  writer: Writer,
  schema: S,
  version: number,
  value: MessageInput<S>,
): void {
  const refusal = refuseVersion(schema, version)
  if (refusal !== null) throw new EncodeError(refusal)
  try {
    codecOf(schema, version).write(writer, value)
  } catch (error) {
    throw explainEncode(schema, version, value, error)
  }
}

/** Reads a message up to the reader's end. Throws DecodeError with message, version and field path for anything malformed. */
export function readMessage<S extends Schema>(reader: Reader, schema: S, version: number): MessageOf<S> {
  const refusal = refuseVersion(schema, version)
  if (refusal !== null) throw new DecodeError(refusal, { api: schema.name, version })
  const start = reader.position
  try {
    const value = codecOf(schema, version).read(reader)
    reader.finish()
    return value as MessageOf<S>
  } catch (error) {
    throw explainDecode(schema, version, reader, start, error)
  }
}

/** The bytes of one message, without header or frame. */
export function encode<S extends Schema>(schema: S, version: number, value: MessageInput<S>): Buffer {
  const writer = new Writer()
  writeMessage(writer, schema, version, value)
  return writer.finish()
}

/** The message in `buffer`, which must end where the message ends. Bytes fields are views of `buffer`. */
export function decode<S extends Schema>(schema: S, version: number, buffer: Buffer): MessageOf<S> {
  return readMessage(new Reader(buffer), schema, version)
}

// The compiled code does not carry field paths: on failure the interpreter walks the same input again to name the place.
function explainDecode(schema: Schema, version: number, failed: Reader, start: number, error: unknown): Error {
  if (!(error instanceof DecodeError)) return error as Error
  let path = ''
  try {
    interpreted(schema, version).read(new Reader(failed.buffer, start, failed.end))
  } catch (located) {
    path = locate(located).path
  }
  const place = `${schema.name} v${version}${path === '' ? '' : `, ${path}`}`
  return new DecodeError(`${place}: ${error.message}`, { path, api: schema.name, version, cause: error })
}

function explainEncode(schema: Schema, version: number, value: unknown, error: unknown): Error {
  let path = ''
  let cause = error
  try {
    interpreted(schema, version).write(new Writer(), value)
  } catch (located) {
    ;({ path, cause } = locate(located))
  }
  const place = `${schema.name} v${version}${path === '' ? '' : `, ${path}`}`
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new EncodeError(`${place}: ${reason}`, { cause })
}

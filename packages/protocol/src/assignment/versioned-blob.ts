// The consumer protocol's blobs begin with their own version, and newer ones are read as the newest that we know.
import { readMessage, writeMessage } from '../codec.ts'
import { DecodeError } from '../decode-error.ts'
import { locate, readStruct } from '../interpret.ts'
import { Reader } from '../reader.ts'
import type { MessageInput, MessageOf, Schema } from '../schema.ts'
import { Writer } from '../writer.ts'

/** An int16 version and the message in that version. */
export function writeVersioned<S extends Schema>(schema: S, version: number, value: MessageInput<S>): Buffer {
  const writer = new Writer()
  writer.int16(version)
  writeMessage(writer, schema, version, value)
  return writer.finish()
}

/**
 * Reads what `writeVersioned` or another client wrote. Of a version newer than the schema's the known fields are read
 * and the rest is left alone: Kafka promises that new versions only append (ConsumerProtocolSubscription.json).
 */
export function readVersioned<S extends Schema>(schema: S, bytes: Buffer): MessageOf<S> {
  const reader = new Reader(bytes)
  const version = reader.int16()
  if (version <= schema.versions.max) return readMessage(reader, schema, version)
  try {
    return readStruct(reader, schema.fields, schema.versions.max, false) as MessageOf<S>
  } catch (error) {
    const { path, cause } = locate(error)
    if (!(cause instanceof DecodeError)) throw cause
    throw new DecodeError(`${schema.name} v${version}, ${path}: ${cause.message}`, {
      path,
      api: schema.name,
      version,
      cause,
    })
  }
}

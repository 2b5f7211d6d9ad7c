// Frames: an int32 size, a header, a body. What a connection sends and receives, in both roles.
import { apiName, apis, isRequestHeaderFlexible, isResponseHeaderFlexible, type ApiName, type Apis } from './apis.ts'
import { readMessage, writeMessage } from './codec.ts'
import { DecodeError } from './decode-error.ts'
import { Reader } from './reader.ts'
import type { MessageInput, MessageOf } from './schema.ts'
import { Writer } from './writer.ts'

export type RequestInput<A extends ApiName> = MessageInput<Apis[A]['request']>
export type RequestOf<A extends ApiName> = MessageOf<Apis[A]['request']>
export type ResponseInput<A extends ApiName> = MessageInput<Apis[A]['response']>
export type ResponseOf<A extends ApiName> = MessageOf<Apis[A]['response']>

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** A header whose API and version this package can read, and the reader that stands at its body. */
export interface RequestFrame extends RequestHeader {
  readonly name: ApiName
  readonly body: Reader
}

function skipTags(reader: Reader): void {
  for (let left = reader.unsignedVarint(); left > 0; left--) {
    reader.unsignedVarint()
    reader.skip(reader.unsignedVarint())
  }
}

function sized(writer: Writer): Buffer {
  writer.patchInt32(0, writer.position - 4)
  return writer.finish()
}

/** A whole request frame, its size first. */
export function encodeRequest<A extends ApiName>(
  name: A,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  body: RequestInput<A>,
): Buffer {
  const writer = new Writer()
  writer.int32(0)
  writer.int16(apis[name].key)
  writer.int16(version)
  writer.int32(header.correlationId)
  writer.string(header.clientId)
  if (isRequestHeaderFlexible(name, version)) writer.unsignedVarint(0)
  writeMessage(writer, apis[name].request, version, body as never)
  return sized(writer)
}

/** A whole response frame, its size first. */
export function encodeResponse<A extends ApiName>(
  name: A,
  version: number,
  correlationId: number,
  body: ResponseInput<A>,
): Buffer {
  const writer = new Writer()
  writer.int32(0)
  writer.int32(correlationId)
  if (isResponseHeaderFlexible(name, version)) writer.unsignedVarint(0)
  writeMessage(writer, apis[name].response, version, body as never)
  return sized(writer)
}

/** The first eight bytes of any request: what can be read whatever its API and version are. */
export function readRequestStart(frame: Buffer): Pick<RequestHeader, 'apiKey' | 'apiVersion' | 'correlationId'> {
  const reader = new Reader(frame)
  return { apiKey: reader.int16(), apiVersion: reader.int16(), correlationId: reader.int32() }
}

/**
 * Reads the header of a request frame (without its size). Throws DecodeError for an API this package does not speak;
 * the version is the caller's to check against `apis[name].versions` before it reads the body.
 */
export function readRequestHeader(frame: Buffer): RequestFrame {
  const body = new Reader(frame)
  const apiKey = body.int16()
  const apiVersion = body.int16()
  const correlationId = body.int32()
  const name = apiName(apiKey)
  if (name === undefined) throw new DecodeError(`unknown api key ${apiKey}`)
  const clientId = body.nullableString()
  if (isRequestHeaderFlexible(name, apiVersion)) skipTags(body)
  return { apiKey, apiVersion, correlationId, clientId, name, body }
}

/** The body of a request whose header was read. */
export function readRequestBody<A extends ApiName>(name: A, version: number, body: Reader): RequestOf<A> {
  return readMessage(body, apis[name].request, version) as RequestOf<A>
}

/** The correlation id of a response frame (without its size). */
export function readCorrelationId(frame: Buffer): number {
  return new Reader(frame).int32()
}

/** The body of a response frame (without its size) to a request of this API and version. */
export function decodeResponse<A extends ApiName>(name: A, version: number, frame: Buffer): ResponseOf<A> {
  const reader = new Reader(frame, 4)
  if (isResponseHeaderFlexible(name, version)) skipTags(reader)
  return readMessage(reader, apis[name].response, version) as ResponseOf<A>
}

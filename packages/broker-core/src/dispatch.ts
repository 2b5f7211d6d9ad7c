// From a request frame to a response frame: reads the header, calls the API's handler, encodes what it answers.
import {
  apiName,
  apis,
  encodeResponse,
  readRequestBody,
  readRequestHeader,
  readRequestStart,
  DecodeError,
  type ApiName,
  type RequestFrame,
} from '@goqueue/protocol'
import type { ConnectionContext } from './dialect.ts'
import { unsupportedApiVersions } from './handlers/api-versions.ts'
import type { Handler } from './handlers/handler.ts'
import { handlers } from './handlers/index.ts'
import type { Services } from './handlers/services.ts'
import { forEachError } from './response-errors.ts'

/** The size that stands before a frame. */
const SIZE_BYTES = 4

/** Requests that may wait for minutes, and their bytes with them: a few large ones would take the room of all others. */
const HELD: ReadonlySet<ApiName> = new Set<ApiName>(['Fetch', 'JoinGroup', 'SyncGroup'])
const MAX_HELD_REQUEST_BYTES = 4_194_304

/** Twice the metadata that a group may keep is room enough for the names around them. */
function maxRequestBytes(name: ApiName, { settings }: Services): number {
  if (!HELD.has(name)) return settings.socketRequestMaxBytes
  return Math.max(MAX_HELD_REQUEST_BYTES, 2 * settings.groupMetadataMaxBytes)
}

async function handle<A extends ApiName>(
  services: Services,
  name: A,
  header: RequestFrame,
  connection: ConnectionContext,
): Promise<Buffer | null> {
  const { apiVersion, correlationId } = header
  const request = readRequestBody(name, apiVersion, header.body)
  const handler: Handler<A> = handlers[name]
  const { clientHost, advertised, closed } = connection
  const context = { apiVersion, clientId: header.clientId ?? '', clientHost, advertised, closed }
  const response = await handler(services, request, context)
  if (response === null) return null
  const bytes = encodeResponse(name, apiVersion, correlationId, response)
  const counts = services.requests.of(name)
  counts.responseBytes += bytes.length - SIZE_BYTES
  forEachError(name, response, (errorCode) => counts.countError(errorCode))
  return bytes
}

/**
 * Answers one frame (without its size); null where the client wants no answer. Rejects with DecodeError for a frame that
 * cannot be read: the connection is to be closed then, as nothing after it can be trusted.
 */
export async function dispatch(
  services: Services,
  frame: Buffer,
  connection: ConnectionContext,
): Promise<Buffer | null> {
  const { apiKey, apiVersion, correlationId } = readRequestStart(frame)
  const name = apiName(apiKey)
  if (name === undefined) throw new DecodeError(`unknown api key ${apiKey}`)
  const counts = services.requests.of(name)
  counts.requests += 1
  counts.requestBytes += frame.length
  const { min, max } = apis[name].versions
  if (apiVersion < min || apiVersion > max) {
    if (name === 'ApiVersions') return encodeResponse(name, 0, correlationId, unsupportedApiVersions)
    throw new DecodeError(`${name} version ${apiVersion}: ${min} to ${max} are allowed`)
  }
  const maxBytes = maxRequestBytes(name, services)
  if (frame.length > maxBytes) throw new DecodeError(`${name} of ${frame.length} bytes: ${maxBytes} are allowed`)
  return await handle(services, name, readRequestHeader(frame), connection)
}

/** APIs whose requests, following each other on one connection, may be answered at the same time: their handlers order them at the call. */
const PIPELINED: ReadonlySet<number> = new Set([apis.Produce.key, apis.OffsetCommit.key])

/** Whether a frame may be started while others of the same API key are under way. */
export function isPipelined(apiKey: number): boolean {
  return PIPELINED.has(apiKey)
}

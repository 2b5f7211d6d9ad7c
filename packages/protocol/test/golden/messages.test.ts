// Every version of every message as Kafka's Java codec writes it: our reading, our writing, and the headers in front.
import { describe, expect, test } from 'vitest'
import { apis, type ApiName } from '../../src/apis.ts'
import { decode, encode } from '../../src/codec.ts'
import { decodeResponse, encodeRequest, encodeResponse, readCorrelationId } from '../../src/frames.ts'
import { readRequestBody, readRequestHeader } from '../../src/frames.ts'
import { ConsumerProtocolAssignment, ConsumerProtocolSubscription } from '../../src/messages/consumer-protocol.ts'
import type { Schema } from '../../src/schema.ts'
import { goldenVectors } from './golden-vectors.ts'
import { fromKafkaJson } from './kafka-json.ts'

interface MessageVector {
  message: string
  version: number
  /** 'full': nothing is at its default. 'bare': null where it is legal, no tags, extreme integers. */
  sample: 'full' | 'bare'
  correlationId: number
  clientId: string | null
  header: string
  hex: string
  value: unknown
}

interface Subject {
  stem: string
  schema: Schema
  role: { api: ApiName; isRequest: boolean } | null
}

const subjects: Subject[] = [
  { stem: 'consumer-protocol', schema: ConsumerProtocolSubscription, role: null },
  { stem: 'consumer-protocol', schema: ConsumerProtocolAssignment, role: null },
]
for (const api of Object.keys(apis) as ApiName[]) {
  const stem = api.replace(/(?<!^)[A-Z]/g, '-$&').toLowerCase()
  subjects.push({ stem, schema: apis[api].request, role: { api, isRequest: true } })
  subjects.push({ stem, schema: apis[api].response, role: { api, isRequest: false } })
}

function bytesOf(vector: MessageVector): Buffer {
  return Buffer.from(vector.hex, 'hex')
}

/** What stands on the wire after the size. */
function frameOf(vector: MessageVector): Buffer {
  return Buffer.concat([Buffer.from(vector.header, 'hex'), bytesOf(vector)])
}

function withSize(frame: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(frame.length)
  return Buffer.concat([size, frame])
}

describe.each(subjects)('$schema.name', ({ stem, schema, role }) => {
  const vectors = goldenVectors<MessageVector>(`messages/${stem}`).filter((vector) => vector.message === schema.name)
  const expectedOf = (vector: MessageVector) => fromKafkaJson(schema.fields, vector.version, vector.value)

  test('has a full and a bare vector of each version that is declared', () => {
    const declared: string[] = []
    for (let version = schema.versions.min; version <= schema.versions.max; version++) {
      declared.push(`v${version} full`, `v${version} bare`)
    }
    expect(vectors.map((vector) => `v${vector.version} ${vector.sample}`)).toEqual(declared)
  })

  test.each(vectors)('v$version $sample reads as the Java client wrote it', (vector) => {
    expect(decode(schema, vector.version, bytesOf(vector))).toStrictEqual(expectedOf(vector))
  })

  test.each(vectors)('v$version $sample is written byte by byte as by the Java client', (vector) => {
    expect(encode(schema, vector.version, expectedOf(vector) as never).toString('hex')).toBe(vector.hex)
  })

  if (role === null) return
  const { api, isRequest } = role

  test.each(vectors)('v$version $sample stands behind the header that the Java client puts there', (vector) => {
    const { version, correlationId, clientId } = vector
    const frame = frameOf(vector)
    const expected = expectedOf(vector)
    if (isRequest) {
      expect(encodeRequest(api, version, { correlationId, clientId }, expected as never)).toEqual(withSize(frame))
      const { body, ...header } = readRequestHeader(frame)
      expect(header).toEqual({ apiKey: apis[api].key, apiVersion: version, correlationId, clientId, name: api })
      expect(readRequestBody(api, version, body)).toStrictEqual(expected)
    } else {
      expect(encodeResponse(api, version, correlationId, expected as never)).toEqual(withSize(frame))
      expect(readCorrelationId(frame)).toBe(correlationId)
      expect(decodeResponse(api, version, frame)).toStrictEqual(expected)
    }
  })
})

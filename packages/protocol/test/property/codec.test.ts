// The compiled codec against the interpreter, its oracle, on random messages of every version and on damaged bytes.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apis } from '../../src/apis.ts'
import { decode, encode } from '../../src/codec.ts'
import { compile } from '../../src/compile.ts'
import { DecodeError } from '../../src/decode-error.ts'
import { EncodeError } from '../../src/encode-error.ts'
import { readStruct, writeStruct } from '../../src/interpret.ts'
import { ConsumerProtocolAssignment, ConsumerProtocolSubscription } from '../../src/messages/consumer-protocol.ts'
import { FetchRequest, JoinGroupRequest, MetadataRequest, OffsetFetchResponse } from '../../src/messages/index.ts'
import { Reader } from '../../src/reader.ts'
import { covers, type Schema } from '../../src/schema.ts'
import { Writer } from '../../src/writer.ts'
import { arbitraryMessage, schemaVersions } from './arbitrary-message.ts'

const schemas: Schema[] = [
  ...Object.values(apis).flatMap((api): Schema[] => [api.request, api.response]),
  ConsumerProtocolSubscription,
  ConsumerProtocolAssignment,
]
const all = [...schemaVersions(schemas)]

function interpret(schema: Schema, version: number) {
  const isFlexible = covers(schema.flexible, version)
  return {
    encode(value: Record<string, unknown>) {
      const writer = new Writer()
      writeStruct(writer, schema.fields, value, version, isFlexible)
      return writer.finish()
    },
    decode: (bytes: Buffer) => readStruct(new Reader(bytes), schema.fields, version, isFlexible),
  }
}

describe('the compiled codec', () => {
  it('writes and reads what the interpreter writes and reads, for every message and version', () => {
    for (const { schema, version } of all) {
      const compiled = compile(schema, version)
      const oracle = interpret(schema, version)
      fc.assert(
        fc.property(arbitraryMessage(schema, version), (value) => {
          const writer = new Writer(1)
          compiled.write(writer, value)
          const bytes = writer.finish()
          expect(bytes.equals(oracle.encode(value))).toBe(true)
          expect(compiled.read(new Reader(bytes))).toEqual(oracle.decode(bytes))
          expect(oracle.decode(bytes)).toEqual(value)
        }),
        { numRuns: 12 },
      )
    }
  })

  it('N5 N6 N7: answers any damage with a DecodeError or a value, and nothing else', () => {
    const damaged = fc.constantFrom(...all).chain(({ schema, version }) =>
      fc.record({
        schema: fc.constant(schema),
        version: fc.constant(version),
        value: arbitraryMessage(schema, version),
        cut: fc.nat(400),
        flips: fc.array(fc.record({ at: fc.nat(400), to: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff) }), { maxLength: 4 }),
      }),
    )
    fc.assert(
      fc.property(damaged, ({ schema, version, value, cut, flips }) => {
        const whole = encode(schema, version, value as never)
        const bytes = Buffer.from(whole.subarray(0, whole.length - (cut % (whole.length + 1))))
        for (const { at, to } of flips) if (bytes.length > 0) bytes[at % bytes.length] = to
        try {
          decode(schema, version, bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
          expect(error).toMatchObject({ api: schema.name, version })
        }
      }),
      { numRuns: 4_000 },
    )
  })
})

describe('a malformed message', () => {
  it('is refused with its api, version and field path', () => {
    const bytes = encode(MetadataRequest, 1, { topics: [{ name: 'orders' }, { name: 'bills' }] })
    expect(() => decode(MetadataRequest, 1, bytes.subarray(0, bytes.length - 2))).toThrow(
      'MetadataRequest v1, topics[1].name: 5 bytes expected at position 14, 3 remain',
    )
  })

  it('N5: an array longer than the remaining bytes is refused before anything is allocated', () => {
    expect(() => decode(MetadataRequest, 1, Buffer.from('7fffffff', 'hex'))).toThrow(/array of 2147483647 elements/)
  })

  it('N5: more than a million small elements in one message are refused', () => {
    const bytes = Buffer.alloc(4 + 2_000_002)
    bytes.writeInt32BE(1_000_001)
    expect(() => decode(MetadataRequest, 1, bytes)).toThrow(/more than 1000000 array elements/)
  })

  it('N6: lengths below -1, and -1 where null is not allowed, are refused', () => {
    expect(() => decode(JoinGroupRequest, 0, Buffer.from('fffe', 'hex'))).toThrow(/groupId: length -2 .* is negative/)
    expect(() => decode(JoinGroupRequest, 0, Buffer.from('ffff', 'hex'))).toThrow(/groupId: length -1 .* is negative/)
  })

  it('N6: a varint of more than five bytes and a repeated tag are refused', () => {
    const flexible = encode(JoinGroupRequest, 6, {
      groupId: 'g',
      sessionTimeoutMs: 1,
      memberId: '',
      protocolType: 'consumer',
      protocols: [],
    })
    const tooLong = Buffer.concat([Buffer.from('ffffffffff01', 'hex'), flexible])
    expect(() => decode(JoinGroupRequest, 6, tooLong)).toThrow(/longer than 5 bytes/)
    const repeated = Buffer.concat([flexible.subarray(0, -1), Buffer.from('0207000700', 'hex')])
    expect(() => decode(JoinGroupRequest, 6, repeated)).toThrow(/tags must ascend/)
  })

  it('N7: bytes left over are refused', () => {
    const bytes = encode(MetadataRequest, 1, { topics: null })
    expect(() => decode(MetadataRequest, 1, Buffer.concat([bytes, Buffer.from([0])]))).toThrow('1 bytes left over')
  })

  it('an offset that is not a safe integer is refused, a timestamp saturates', () => {
    const fetch = encode(FetchRequest, 4, {
      maxWaitMs: 1,
      minBytes: 1,
      topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 5, partitionMaxBytes: 1 }] }],
    })
    const at = fetch.indexOf(Buffer.from('0000000000000005', 'hex'))
    fetch.writeBigInt64BE(2n ** 53n, at)
    expect(() => decode(FetchRequest, 4, fetch)).toThrow(
      /topics\[0\].partitions\[0\].fetchOffset: int64 9007199254740992/,
    )
  })
})

describe('a value its version cannot carry', () => {
  const join = { groupId: 'g', sessionTimeoutMs: 1, memberId: '', protocolType: 'consumer', protocols: [] }

  it('is refused with its path, unless it is ignorable', () => {
    expect(() => encode(JoinGroupRequest, 4, { ...join, groupInstanceId: 'i' })).toThrow(
      'JoinGroupRequest v4, groupInstanceId: version 4 cannot carry it',
    )
    expect(encode(JoinGroupRequest, 0, { ...join, rebalanceTimeoutMs: 9, reason: 'x' })).toEqual(
      encode(JoinGroupRequest, 0, join),
    )
  })

  it('is an EncodeError when it is missing, null or of another type', () => {
    const broken = { ...join, groupId: undefined } as unknown as typeof join
    expect(() => encode(JoinGroupRequest, 0, broken)).toThrow('groupId: a value is required')
    expect(() => encode(JoinGroupRequest, 0, { ...join, sessionTimeoutMs: 2 ** 31 })).toThrow(EncodeError)
    expect(() => encode(MetadataRequest, 0, { topics: null })).toThrow('topics: null is not allowed in version 0')
  })
})

it('an error code this build does not know reads as UNKNOWN_SERVER_ERROR', () => {
  const bytes = encode(OffsetFetchResponse, 2, { topics: [], errorCode: 'NONE' })
  bytes.writeInt16BE(9999, bytes.length - 2)
  expect(decode(OffsetFetchResponse, 2, bytes).errorCode).toBe('UNKNOWN_SERVER_ERROR')
})

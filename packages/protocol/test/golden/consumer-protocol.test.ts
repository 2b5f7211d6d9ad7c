// The consumer protocol's blobs as the Java client writes them.
import { describe, expect, test } from 'vitest'
import { decodeAssignment, encodeAssignment } from '../../src/assignment/assignment-blob.ts'
import { decodeSubscription, encodeSubscription } from '../../src/assignment/subscription.ts'
import { DecodeError } from '../../src/decode-error.ts'
import { goldenBytes } from './golden-bytes.ts'

const partitions = new Map([
  ['alpha', [0, 2]],
  ['beta', [1]],
])
const full = {
  topics: ['alpha', 'beta'],
  userData: Buffer.from('user'),
  ownedPartitions: partitions,
  generationId: 7,
  rackId: 'rack-a',
}

describe.each([0, 1, 2, 3])('version %i', (version) => {
  const subscription = goldenBytes(`consumer-protocol/subscription-v${version}`)
  const assignment = goldenBytes(`consumer-protocol/assignment-v${version}`)

  test('of a subscription reads as written, with defaults for what it lacks', () => {
    expect(decodeSubscription(subscription)).toEqual({
      ...full,
      ownedPartitions: version >= 1 ? partitions : new Map(),
      generationId: version >= 2 ? 7 : -1,
      rackId: version >= 3 ? 'rack-a' : null,
    })
  })

  test('of a subscription is written byte for byte alike, in whatever order topics and partitions come', () => {
    const shuffled = { ...full, topics: ['beta', 'alpha'], ownedPartitions: new Map([...partitions].reverse()) }
    shuffled.ownedPartitions.set('alpha', [2, 0])
    expect(encodeSubscription(shuffled, version)).toEqual(subscription)
  })

  test('of an assignment reads as written and is written byte for byte alike', () => {
    expect(decodeAssignment(assignment)).toEqual({ partitions, userData: null })
    expect(encodeAssignment(partitions, null, version)).toEqual(assignment)
  })

  test('that is cut off anywhere, or goes on after its end, is a DecodeError', () => {
    for (let end = 0; end < subscription.length; end++) {
      expect(() => decodeSubscription(subscription.subarray(0, end))).toThrow(DecodeError)
    }
    for (let end = 1; end < assignment.length; end++) {
      expect(() => decodeAssignment(assignment.subarray(0, end))).toThrow(DecodeError)
    }
    expect(() => decodeSubscription(Buffer.concat([subscription, Buffer.alloc(1)]))).toThrow(DecodeError)
    expect(() => decodeAssignment(Buffer.concat([assignment, Buffer.alloc(1)]))).toThrow(DecodeError)
  })
})

test('a bare subscription is written as the Java client writes it', () => {
  expect(encodeSubscription({ topics: ['alpha'] })).toEqual(goldenBytes('consumer-protocol/subscription-bare'))
})

test('a newer version is read as far as version 3 goes, as Kafka does', () => {
  const newer = (bytes: Buffer): Buffer => {
    const copy = Buffer.concat([bytes, Buffer.from('fields of the future')])
    copy.writeInt16BE(9)
    return copy
  }
  expect(decodeSubscription(newer(goldenBytes('consumer-protocol/subscription-v3')))).toEqual(full)
  expect(decodeAssignment(newer(goldenBytes('consumer-protocol/assignment-v3')))).toEqual({ partitions, userData: null })
  expect(() => decodeSubscription(Buffer.from([0, 9, 0, 0, 0, 1, 0, 5, 0x61]))).toThrow(
    /ConsumerProtocolSubscription v9, topics\[0\]/,
  )
})

test('a negative version is a DecodeError', () => {
  expect(() => decodeSubscription(Buffer.from([0xff, 0xff, 0, 0, 0, 0]))).toThrow(DecodeError)
})

test('no bytes at all are an empty assignment', () => {
  expect(decodeAssignment(Buffer.alloc(0))).toEqual({ partitions: new Map(), userData: null })
})

test('N17: a topic called __proto__ is a topic like any other', () => {
  const strange = new Map([
    ['__proto__', [1]],
    ['constructor', [2, 3]],
  ])
  expect(decodeAssignment(encodeAssignment(strange)).partitions).toEqual(strange)
})

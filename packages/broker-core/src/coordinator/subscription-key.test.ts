// Subscriptions are compared by topics, for any bytes.
import { describe, expect, it } from 'vitest'
import { subscriptionKey } from './subscription-key.ts'

function subscription(version: number, topics: readonly string[], rest = ''): Buffer {
  const head = Buffer.alloc(6)
  head.writeInt16BE(version, 0)
  head.writeInt32BE(topics.length, 2)
  const names = topics.map((topic) => {
    const length = Buffer.alloc(2)
    length.writeInt16BE(Buffer.byteLength(topic))
    return Buffer.concat([length, Buffer.from(topic)])
  })
  return Buffer.concat([head, ...names, Buffer.from(rest)])
}

describe('a subscription key', () => {
  it('is the same for the same topics in another order, version, or with other user data', () => {
    const key = subscriptionKey('consumer', subscription(0, ['a', 'bü']))
    expect(subscriptionKey('consumer', subscription(3, ['bü', 'a'], 'owned partitions'))).toBe(key)
    expect(subscriptionKey('consumer', subscription(0, ['a']))).not.toBe(key)
    expect(subscriptionKey('consumer', subscription(0, ['a", "bü']))).not.toBe(key)
  })

  it('is made of the bytes when they are not a subscription, or not a consumer’s', () => {
    const one = subscription(0, ['a'], 'x')
    const other = subscription(0, ['a'], 'y')
    expect(subscriptionKey('connect', one)).not.toBe(subscriptionKey('connect', other))
    expect(subscriptionKey('consumer', one)).toBe(subscriptionKey('consumer', other))
  })

  it('is total: any prefix and any byte changed gives a key', () => {
    const bytes = subscription(1, ['orders', 'returns'], 'tail')
    for (let end = 0; end <= bytes.length; end += 1) {
      expect(subscriptionKey('consumer', bytes.subarray(0, end))).toBeTypeOf('string')
    }
    for (let index = 0; index < bytes.length; index += 1) {
      for (const value of [0, 0x7f, 0x80, 0xff]) {
        const damaged = Buffer.from(bytes)
        damaged[index] = value
        expect(subscriptionKey('consumer', damaged)).toBeTypeOf('string')
      }
    }
  })
})

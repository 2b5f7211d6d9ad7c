// What is subscribed to, by name, pattern and type.
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Subscription } from './subscription.ts'
import { topic } from './topic.ts'

const cluster = (...names: string[]) => names.map((name) => ({ name, isInternal: name.startsWith('__') }))

describe('a subscription', () => {
  it('names each topic once, typed ones among them', () => {
    const orders = topic('orders', { value: z.string() })
    const subscription = new Subscription(['a', 'b', 'a', orders, 'orders'])
    expect(subscription.topics).toEqual(['a', 'b', 'orders'])
    expect(subscription.typeOf('orders')).toBe(orders)
    expect(subscription.typeOf('a')).toBeUndefined()
    expect(subscription.hasPatterns).toBe(false)
  })

  it('stands for all topics that match, but the internal ones, and says when they change', () => {
    const subscription = new Subscription(['audit', /^(__)?orders\./g])
    expect(subscription.hasMatches).toBe(false)
    expect(subscription.update(cluster('orders.eu', '__orders.x', 'other'))).toBe(true)
    expect(subscription.topics).toEqual(['audit', 'orders.eu'])
    expect(subscription.update(cluster('other', 'orders.eu'))).toBe(false)
    expect(subscription.update(cluster('orders.us', 'orders.eu'))).toBe(true)
    expect(subscription.topics).toEqual(['audit', 'orders.eu', 'orders.us'])
    expect(subscription.update(cluster('orders.us'))).toBe(true)
    expect(subscription.topics).toEqual(['audit', 'orders.us'])
  })

  it('does not change when a topic appears that it names anyway', () => {
    const subscription = new Subscription(['orders.eu', /^orders/])
    expect(subscription.update(cluster('orders.eu'))).toBe(false)
  })
})

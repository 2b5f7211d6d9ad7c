import { describe, expect, it } from 'vitest'
import { Client } from './client.ts'
import { GoQueueError } from './errors.ts'
import {
  checkClientOptions,
  checkGroupConsumerOptions,
  checkProducerOptions,
  checkTopic,
  parseAddress,
  type ClientOptions,
  type GroupConsumerOptions,
  type ProducerOptions,
} from './options.ts'

const messageOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(GoQueueError)
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' })
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}

describe('addresses', () => {
  it.each([
    ['localhost:9092', { host: 'localhost', port: 9092 }],
    ['broker.example', { host: 'broker.example', port: 9092 }],
    ['[::1]:19092', { host: '::1', port: 19092 }],
  ])('%s is read', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
  })

  it.each(['', ':9092', 'host:', 'host:0', 'host:65536', 'a b:1', 'http://host:9092', '::1'])('%s is none', (text) => {
    expect(parseAddress(text)).toBeNull()
  })
})

describe('client options', () => {
  it('have the documented defaults', () => {
    expect(checkClientOptions({})).toEqual({
      brokers: [{ host: 'localhost', port: 9092 }],
      clientId: 'goqueue',
      timeoutMs: 30_000,
      metadataMaxAgeMs: 300_000,
    })
  })

  it('an error names the option and what is allowed', () => {
    const wrong = (options: unknown) => messageOf(() => new Client(options as ClientOptions))
    expect(wrong({ timeoutMs: -1 })).toBe('new Client: timeoutMs must be at least 1 ms')
    expect(wrong({ timeoutMs: '5s' })).toBe('new Client: timeoutMs must be a number of milliseconds, at least 1')
    expect(wrong({ brokers: ['nowhere:x'] })).toBe("new Client: brokers.0 'nowhere:x' is not HOST:PORT")
    expect(wrong({ brokers: 'localhost' })).toBe('new Client: brokers must be an array of "HOST:PORT"')
    expect(wrong({ dial: 7 })).toBe('new Client: dial must be a function, e.g. () => broker.connect()')
    expect(wrong({ brokerz: [] })).toMatch(/^new Client: there is no option 'brokerz'; allowed are brokers, clientId, /)
  })
})

describe('producer options', () => {
  it('are idempotent with acks all, and not otherwise', () => {
    expect(checkProducerOptions({})).toMatchObject({ acks: -1, idempotent: true })
    expect(checkProducerOptions({ acks: 1 })).toMatchObject({ acks: 1, idempotent: false })
    expect(checkProducerOptions({ idempotent: false })).toMatchObject({ acks: -1, idempotent: false })
  })

  it('what contradicts itself is refused', () => {
    const wrong = (options: ProducerOptions) => messageOf(() => checkProducerOptions(options))
    expect(wrong({ acks: 0, idempotent: true })).toBe("client.producer: idempotent is possible only with acks 'all'")
    expect(wrong({ maxInFlight: 6 })).toMatch(/^client.producer: maxInFlight must be at most 5 for an idempotent/)
    expect(checkProducerOptions({ maxInFlight: 6, acks: 1 }).maxInFlight).toBe(6)
    expect(wrong({ compression: 'brotli' } as unknown as ProducerOptions)).toContain("'none', 'gzip', 'snappy'")
    expect(wrong({ ack: 1 } as ProducerOptions)).toMatch(/there is no option 'ack'; allowed are acks, lingerMs/)
  })
})

describe('group consumer options', () => {
  const check = (options: Partial<GroupConsumerOptions>) =>
    checkGroupConsumerOptions({ groupId: 'g', topics: ['t'], ...options })

  it('have the documented defaults', () => {
    expect(check({})).toMatchObject({
      sessionTimeoutMs: 30_000,
      heartbeatIntervalMs: 1_000,
      rebalanceTimeoutMs: 60_000,
      assignors: ['roundrobin'],
      autoOffsetReset: 'earliest',
    })
    expect(check({ sessionTimeoutMs: 1_500 }).heartbeatIntervalMs).toBe(500)
  })

  it.each(['', 'with space', 'x'.repeat(250), 'ünique', 'a/b'])('consumerId %j is refused', (consumerId) => {
    expect(messageOf(() => check({ consumerId }))).toMatch(/^client.groupConsumer: consumerId must|may contain only/)
  })

  it.each([
    [{ topics: [] }, /topics must name at least one topic/],
    [{ topics: ['../x'] }, /topics.0 may contain only letters/],
    [{ groupId: '' }, /groupId must not be empty/],
    [{ heartbeatIntervalMs: 30_000 }, /heartbeatIntervalMs must be less than sessionTimeoutMs/],
    [{ assignors: [] }, /assignors must name at least one/],
    [{ autoOffsetReset: 'newest' as 'latest' }, /must be 'earliest', 'latest' or 'none'/],
    [
      { topics: [{ name: 'orders' } as never] },
      /topics.0 must be the name of a topic .* a RegExp, or what topic\(\) gives/,
    ],
    [{ autoCommit: 'yes' as never }, /autoCommit must be true or false/],
    [{ stallTimeoutMs: 0 }, /stallTimeoutMs/],
  ])('%j is refused', (options, message) => {
    expect(messageOf(() => check(options))).toMatch(message)
  })
})

describe('topics', () => {
  it.each(['', '.', '..', 'a b', 'x'.repeat(250)])('name %j is refused', (name) => {
    expect(messageOf(() => checkTopic({ name }))).toMatch(/^createTopic: name/)
  })

  it("leaves what is not given to the broker's defaults", () => {
    expect(checkTopic({ name: 't' })).toEqual({ name: 't', partitions: -1, replicationFactor: -1, configs: {} })
  })
})

import { DecodeError, errors } from '@goqueue/protocol'
import { describe, expect, it } from 'vitest'
import {
  ClosedError,
  codeOf,
  ConnectionError,
  GoQueueError,
  isRetriable,
  KafkaError,
  malformedAnswer,
  RequestTimeoutError,
  throwOnError,
} from './errors.ts'

describe('GoQueueError', () => {
  it('each class reports its own code, and is a GoQueueError', () => {
    const made = [
      new ConnectionError('no way'),
      new RequestTimeoutError('no answer'),
      new ClosedError('closed'),
      new KafkaError('GROUP_ID_NOT_FOUND', 'DescribeGroups', "group 'g'"),
    ]
    expect(made.map(({ name, code, retriable }) => [name, code, retriable])).toEqual([
      ['ConnectionError', 'CONNECTION_FAILED', true],
      ['RequestTimeoutError', 'REQUEST_TIMEOUT', true],
      ['ClosedError', 'CLOSED', false],
      ['KafkaError', 'GROUP_ID_NOT_FOUND', false],
    ])
    for (const error of made) expect(error).toBeInstanceOf(GoQueueError)
  })

  it.each(errors.map((entry) => [entry.name, entry] as const))(
    'KafkaError %s carries its row of the table',
    (name, entry) => {
      const error = new KafkaError(name, 'Fetch', 'orders[3]')
      expect(error).toMatchObject({
        code: entry.name,
        kafkaCode: entry.code,
        errorCode: entry.errorCode,
        retriable: entry.retriable,
        api: 'Fetch',
        path: 'orders[3]',
      })
      expect(error.message).toContain('Fetch of orders[3]')
      expect(error.message).toContain(entry.description)
    },
  )

  it('what the broker explains takes the place of the general description', () => {
    expect(new KafkaError('INVALID_CONFIG', 'CreateTopics', '', 'no such key').message).toBe(
      'CreateTopics: INVALID_CONFIG, no such key',
    )
  })

  it("a malformed answer is the seed's error 1, with what could not be read as its cause", () => {
    const cause = new DecodeError('too short')
    expect(malformedAnswer('connection to b:9092', cause)).toMatchObject({ code: 'DECODE_ERROR', errorCode: 1, cause })
  })

  it('an error that the client makes without a broker is 2 and has no Kafka number', () => {
    expect(new GoQueueError('CLOSED', 'closed')).toMatchObject({ errorCode: 2, kafkaCode: null, retriable: false })
  })
})

describe('asking errors', () => {
  it('only GoQueueErrors that say so are retriable, and only they have a code', () => {
    expect(isRetriable(new ConnectionError('x'))).toBe(true)
    expect(isRetriable(new TypeError('x'))).toBe(false)
    expect(codeOf(new ClosedError('x'))).toBe('CLOSED')
    expect(codeOf(new TypeError('x'))).toBeNull()
  })

  it('NONE is no error', () => {
    expect(() => throwOnError('NONE', 'Heartbeat')).not.toThrow()
    expect(() => throwOnError('NOT_COORDINATOR', 'Heartbeat')).toThrow(KafkaError)
  })
})

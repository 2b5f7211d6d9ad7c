import { ZERO_UUID, type ResponseOf } from '@goqueue/protocol'
import { describe, expect, it } from 'vitest'
import { MetadataCache } from './metadata-cache.ts'

const TOPIC_ID = '11111111-1111-4111-8111-111111111111'

function answer(
  partitions: readonly (readonly [index: number, leaderId: number, leaderEpoch: number])[],
  options: { errorCode?: 'NONE' | 'UNKNOWN_TOPIC_OR_PARTITION'; topicId?: string } = {},
): ResponseOf<'Metadata'> {
  return {
    throttleTimeMs: 0,
    brokers: [
      { nodeId: 1, host: 'one', port: 9092, rack: null },
      { nodeId: 2, host: 'two', port: 9092, rack: null },
    ],
    clusterId: null,
    controllerId: 1,
    topics: [
      {
        errorCode: options.errorCode ?? 'NONE',
        name: 'orders',
        topicId: options.topicId ?? TOPIC_ID,
        isInternal: false,
        partitions: partitions.map(([partitionIndex, leaderId, leaderEpoch]) => ({
          errorCode: 'NONE' as const,
          partitionIndex,
          leaderId,
          leaderEpoch,
          replicaNodes: [],
          isrNodes: [],
          offlineReplicas: [],
        })),
        topicAuthorizedOperations: 0,
      },
    ],
    clusterAuthorizedOperations: 0,
  }
}

const leaders = (cache: MetadataCache) => cache.topic('orders')?.partitions.map(({ leaderId }) => leaderId)

describe('MetadataCache', () => {
  it('knows leaders by partition, whatever order the answer has', () => {
    const cache = new MetadataCache()
    cache.update(
      answer([
        [2, 1, 0],
        [0, 2, 0],
        [1, 1, 0],
      ]),
      0,
    )
    expect(leaders(cache)).toEqual([2, 1, 1])
    expect(cache.address(2)).toEqual({ host: 'two', port: 9092 })
  })

  it('a leader epoch never goes back: an older answer of a slower broker is not believed', () => {
    const cache = new MetadataCache()
    cache.update(answer([[0, 2, 5]]), 0)
    cache.update(answer([[0, 1, 4]]), 1)
    expect(leaders(cache)).toEqual([2])
    cache.update(answer([[0, 1, 6]]), 2)
    expect(leaders(cache)).toEqual([1])
  })

  it('a topic made anew starts with its own epochs', () => {
    const cache = new MetadataCache()
    cache.update(answer([[0, 2, 5]]), 0)
    cache.update(answer([[0, 1, 0]], { topicId: '22222222-2222-4222-8222-222222222222' }), 1)
    expect(leaders(cache)).toEqual([1])
  })

  it('what is known is fresh until it is too old or somebody contradicts it', () => {
    const cache = new MetadataCache()
    cache.update(answer([[0, 1, 0]]), 100)
    expect(cache.fresh('orders', 400, 300)).toBeDefined()
    expect(cache.fresh('orders', 401, 300)).toBeUndefined()
    cache.distrust('orders')
    expect(cache.fresh('orders', 100, 300)).toBeUndefined()
    expect(cache.topic('orders')).toBeDefined()
    cache.update(answer([[0, 1, 0]]), 500)
    expect(cache.fresh('orders', 500, 300)).toBeDefined()
  })

  it('a broker that cannot be reached casts doubt on what it leads, and on nothing else', () => {
    const cache = new MetadataCache()
    cache.update(answer([[0, 1, 0]]), 0)
    cache.distrustBroker({ host: 'two', port: 9092 })
    expect(cache.fresh('orders', 0, 300)).toBeDefined()
    cache.distrustBroker({ host: 'one', port: 9092 })
    expect(cache.fresh('orders', 0, 300)).toBeUndefined()
  })

  it("a topic's error takes the place of what was known", () => {
    const cache = new MetadataCache()
    cache.update(answer([[0, 1, 0]]), 0)
    cache.update(answer([], { errorCode: 'UNKNOWN_TOPIC_OR_PARTITION' }), 1)
    expect(cache.topic('orders')).toBeUndefined()
    expect(cache.errorOf('orders')).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  })

  it('N22: an answer that names partitions twice, out of range or not at all leaves no hole', () => {
    const cache = new MetadataCache()
    cache.update(
      answer(
        [
          [0, 1, 0],
          [0, 2, 0],
          [-1, 2, 0],
          [99, 2, 0],
        ],
        { topicId: ZERO_UUID },
      ),
      0,
    )
    expect(leaders(cache)).toEqual([2, -1, -1, -1])
  })
})

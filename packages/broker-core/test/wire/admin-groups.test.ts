// DeleteGroups, OffsetDelete and ConsumerGroupDescribe over the wire: what may go, what may not, and what is left.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ErrorCode } from '@goqueue/protocol'
import { openBroker, type Broker } from '../../src/index.ts'
import { VirtualRuntime } from '../../src/virtual-runtime.ts'
import { commit, committed, groupIds, joinAlone } from './group-fixture.ts'
import { WireClient } from './wire-client.ts'
import { createTopic } from './wire-fixture.ts'

let broker: Broker
let runtime: VirtualRuntime
let client: WireClient

beforeEach(async () => {
  runtime = new VirtualRuntime()
  broker = await openBroker({ memory: true, runtime })
  client = new WireClient(broker)
  await createTopic(client, 'orders', 3)
  await createTopic(client, 'bills', 1)
})

afterEach(() => broker.close())

describe('DeleteGroups', () => {
  async function deleteGroups(...groupsNames: string[]): Promise<Record<string, ErrorCode>> {
    const { results } = await client.request('DeleteGroups', 2, { groupsNames })
    return Object.fromEntries(results.map(({ groupId, errorCode }) => [groupId, errorCode]))
  }

  it.each([0, 1, 2])('v%i deletes a group without members, with its offsets', async (version) => {
    await commit(client, 'billing', { 0: 5, 1: 6 })
    const { results } = await client.request('DeleteGroups', version, { groupsNames: ['billing'] })
    expect(results).toEqual([{ groupId: 'billing', errorCode: 'NONE' }])
    expect(await groupIds(client)).toEqual([])
    expect(await committed(client, 'billing')).toEqual({})
  })

  it('answers for each group by itself', async () => {
    await commit(client, 'offsets-only', { 0: 5 })
    const { memberId, generationId } = await joinAlone(broker, runtime, 'alive')
    await commit(client, 'alive', { 0: 7 }, { memberId, generationId })
    await joinAlone(broker, runtime, '__proto__')
    expect(await deleteGroups('offsets-only', 'alive', 'nobody', '', 'nobody')).toEqual({
      'offsets-only': 'NONE',
      alive: 'NON_EMPTY_GROUP',
      nobody: 'GROUP_ID_NOT_FOUND',
      '': 'INVALID_GROUP_ID',
    })
    expect(await committed(client, 'alive')).toEqual({ 'orders-0': 7 })
    await client.request('LeaveGroup', 1, { groupId: 'alive', memberId })
    expect(await deleteGroups('alive')).toEqual({ alive: 'NONE' })
    expect(await groupIds(client)).toEqual(['__proto__'])
  })

  it('leaves nothing that a group of the same id would find', async () => {
    const { memberId } = await joinAlone(broker, runtime, 'billing')
    await client.request('LeaveGroup', 1, { groupId: 'billing', memberId })
    await commit(client, 'billing', { 0: 5 })
    expect(await deleteGroups('billing')).toEqual({ billing: 'NONE' })
    expect(await joinAlone(broker, runtime, 'billing')).toMatchObject({ generationId: 1 })
    expect(await committed(client, 'billing')).toEqual({})
  })
})

describe('OffsetDelete', () => {
  async function offsetDelete(groupId: string, wanted: Record<string, number[]>) {
    const topics = Object.entries(wanted).map(([name, partitions]) => ({
      name,
      partitions: partitions.map((partitionIndex) => ({ partitionIndex })),
    }))
    const answer = await client.request('OffsetDelete', 0, { groupId, topics })
    const codes = answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => [`${name}-${partitionIndex}`, errorCode]),
    )
    return { errorCode: answer.errorCode, ...Object.fromEntries(codes) }
  }

  it('deletes what is asked for of a group without members, and leaves the rest', async () => {
    await commit(client, 'billing', { 0: 5, 1: 6, 2: 7 })
    expect(await offsetDelete('billing', { orders: [0, 2], bills: [0] })).toEqual({
      errorCode: 'NONE',
      'orders-0': 'NONE',
      'orders-2': 'NONE',
      'bills-0': 'NONE',
    })
    expect(await committed(client, 'billing')).toEqual({ 'orders-1': 6 })
    await offsetDelete('billing', { orders: [1] })
    expect(await groupIds(client)).toEqual([])
  })

  it('refuses partitions that do not exist, and topics that a live member subscribes to', async () => {
    const member = await joinAlone(broker, runtime, 'billing', { topics: ['bills'] })
    await commit(client, 'billing', { 0: 5 }, member)
    expect(await offsetDelete('billing', { orders: [0, 3, -1], bills: [0], nowhere: [0] })).toEqual({
      errorCode: 'NONE',
      'orders-0': 'NONE',
      'orders-3': 'UNKNOWN_TOPIC_OR_PARTITION',
      'orders--1': 'UNKNOWN_TOPIC_OR_PARTITION',
      'bills-0': 'GROUP_SUBSCRIBED_TO_TOPIC',
      'nowhere-0': 'UNKNOWN_TOPIC_OR_PARTITION',
    })
    expect(await committed(client, 'billing')).toEqual({})
  })

  it('refuses a missing group, and a live one that is not of consumers', async () => {
    expect(await offsetDelete('nobody', { orders: [0] })).toEqual({ errorCode: 'GROUP_ID_NOT_FOUND' })
    const member = await joinAlone(broker, runtime, 'connect', { protocolType: 'connect' })
    await commit(client, 'connect', { 0: 5 }, member)
    expect(await offsetDelete('connect', { orders: [0] })).toEqual({ errorCode: 'NON_EMPTY_GROUP' })
    expect(await committed(client, 'connect')).toEqual({ 'orders-0': 5 })
  })
})

describe('ConsumerGroupDescribe', () => {
  it.each([0, 1])('v%i says of every group that it is none of KIP-848, so that tools ask DescribeGroups', async (v) => {
    await joinAlone(broker, runtime, 'billing')
    const { groups } = await client.request('ConsumerGroupDescribe', v, {
      groupIds: ['billing', 'nobody'],
      includeAuthorizedOperations: false,
    })
    expect(groups.map(({ groupId, errorCode }) => [groupId, errorCode])).toEqual([
      ['billing', 'GROUP_ID_NOT_FOUND'],
      ['nobody', 'GROUP_ID_NOT_FOUND'],
    ])
  })
})

// Metrics, liveness and readiness of a broker in this process, asked for over HTTP as a Prometheus server does.
import { once } from 'node:events'
import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { Client } from '@goqueue/client'
import { openBroker, type Broker, type BrokerOptions } from '@goqueue/broker-core'
import { MemoryFileSystem, VirtualRuntime } from '@goqueue/broker-core/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { dial, joinGroup } from '../test/processes/raw-requests.ts'
import { parseScrape, type Scrape } from '../test/scraped.ts'
import { Address } from './address.ts'
import type { ServerEvent } from './event.ts'
import { listen, type Listener } from './listener.ts'
import { leftOutMetric, metricDefinitions } from './metric-definitions.ts'
import { Monitoring } from './monitoring.ts'

const LOOPBACK = '127.0.0.1'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Monitored {
  readonly monitoring: Monitoring
  readonly url: string
  readonly broker: Broker
  readonly listener: Listener
  readonly client: Client
}

async function openMonitoring(events: ServerEvent[] = []): Promise<{ monitoring: Monitoring; url: string }> {
  const monitoring = await Monitoring.open(LOOPBACK, new Address(LOOPBACK, 0), (event) => events.push(event))
  closers.push(() => monitoring.close())
  const address = events.find(({ kind }) => kind === 'metrics-ready')?.['address']
  return { monitoring, url: `http://${String(address)}` }
}

async function open(options: Partial<BrokerOptions> = {}, maxConnections = 100): Promise<Monitored> {
  const { monitoring, url } = await openMonitoring()
  const broker = await openBroker({ memory: true, report: (event) => monitoring.note(event), ...options })
  closers.push(() => broker.close())
  const listener = await listen(broker, { maxConnections })
  closers.push(() => listener.close())
  monitoring.serving({ broker, listener })
  const client = new Client({ dial: () => broker.connect() })
  closers.push(() => client.close())
  return { monitoring, url, broker, listener, client }
}

async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(`${url}/metrics`)
  expect(response.status).toBe(200)
  return parseScrape(await response.text())
}

async function ask(url: string, path: string, method = 'GET'): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}${path}`, { method })
  return { status: response.status, text: await response.text() }
}

describe('/metrics', () => {
  it('exports exactly the metrics that are defined, each with its type, its help and its labels', async () => {
    const { url, client } = await open()
    await client.admin().createTopic({ name: 'orders', partitions: 2 })
    await client.producer().send({ topic: 'orders', value: 'a' })
    const { types, helps, series } = await scrape(url)
    const definitions = [...metricDefinitions.flatMap(([, metrics]) => metrics), leftOutMetric]
    expect([...types]).toEqual(definitions.map(({ name, type }) => [name, type]))
    expect([...helps]).toEqual(definitions.map(({ name, help }) => [name, help]))
    for (const { name, labels, value } of series) {
      const definition = definitions.find(({ name: known, type }) =>
        type === 'histogram' ? name.startsWith(`${known}_`) && /_(bucket|sum|count)$/.test(name) : name === known,
      )
      const expected = name.endsWith('_bucket') ? ['le'] : definition?.labels
      expect([name, Object.keys(labels)]).toEqual([name, expected])
      expect(value).toBeGreaterThanOrEqual(0)
    }
  })

  it('is served as Prometheus wants it, to GET and to HEAD', async () => {
    const { url } = await open()
    const response = await fetch(`${url}/metrics?name=x`)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await ask(url, '/metrics', 'HEAD')).toEqual({ status: 200, text: '' })
    expect((await ask(url, '/metrics', 'POST')).status).toBe(405)
    expect((await ask(url, '/')).status).toBe(404)
  })

  it('says what was produced, and how far a group is behind in records and in time', async () => {
    const { url, client } = await open()
    await client.admin().createTopic({ name: 'orders', partitions: 1 })
    const hourAgoMs = Date.now() - 3_600_000
    await client.producer().send([
      { topic: 'orders', value: 'a', timestampMs: hourAgoMs },
      { topic: 'orders', value: 'b', timestampMs: hourAgoMs },
    ])
    const group = client.groupConsumer({ groupId: 'billing', topics: ['orders'] })
    await group.joinGroup()
    await group.commitOffset('orders', 0, 1)
    const found = await scrape(url)
    const place = { group: 'billing', topic: 'orders', partition: '0' }
    expect(found.value('goqueue_partition_high_watermark_offset', { topic: 'orders', partition: '0' })).toBe(2)
    expect(found.value('goqueue_partition_writable', { topic: 'orders', partition: '0' })).toBe(1)
    expect(found.value('goqueue_group_committed_offset', place)).toBe(1)
    expect(found.value('goqueue_group_partition_lag_records', place)).toBe(1)
    expect(found.value('goqueue_group_lag_records', { group: 'billing' })).toBe(1)
    for (const name of ['goqueue_group_partition_time_behind_seconds', 'goqueue_group_time_behind_seconds']) {
      expect(found.value(name, { group: 'billing' })).toBeGreaterThanOrEqual(3_600)
      expect(found.value(name, { group: 'billing' })).toBeLessThan(7_200)
    }
    expect(found.value('goqueue_groups', { state: 'Stable' })).toBe(1)
    expect(found.value('goqueue_group_members', { group: 'billing' })).toBe(1)
    expect(found.value('goqueue_group_rebalances_total', { group: 'billing' })).toBe(1)
    await group.close()
  })

  it('says how far each member is behind, and how long it will take at the pace between two scrapes', async () => {
    const { url, client, broker } = await open()
    await client.admin().createTopic({ name: 'orders', partitions: 2 })
    const sent = (partition: number, count: number) =>
      Array.from({ length: count }, () => ({ topic: 'orders', partition, value: 'a' }))
    await client.producer().send([...sent(0, 10), ...sent(1, 4)])
    const named = new Client({ dial: () => broker.connect(), clientId: 'say "hi" \\n' })
    closers.push(() => named.close())
    const member = named.groupConsumer({ groupId: 'billing', consumerId: 'consumer-1', topics: ['orders'] })
    await member.joinGroup()
    await member.commitOffset('orders', 0, 2)
    await member.commitOffset('orders', 1, 4)
    const first = await scrape(url)
    const startMs = performance.now()
    const labels = { group: 'billing', consumer_id: 'consumer-1', client_id: 'say "hi" \\n' }
    expect(first.value('goqueue_group_member_lag_records', labels)).toBe(8)
    expect(first.value('goqueue_group_member_time_behind_seconds', labels)).toBeLessThan(600)
    expect(first.of('goqueue_group_member_lag_records')[0]?.labels['member_id']).toMatch(/^consumer-1-/)
    expect(first.of('goqueue_group_partition_drain_seconds').map(({ value }) => value)).toEqual([0])
    for (const name of ['goqueue_group_drain_seconds', 'goqueue_group_member_drain_seconds']) {
      expect(first.of(name)).toEqual([])
    }
    await member.commitOffset('orders', 0, 6)
    const second = await scrape(url)
    const longest = (performance.now() - startMs) / 1_000 + 1 // as many are left as were committed since
    const drain = second.value('goqueue_group_partition_drain_seconds', { partition: '0' })
    expect(drain).toBeGreaterThan(0)
    expect(drain).toBeLessThan(longest)
    expect(second.value('goqueue_group_partition_drain_seconds', { partition: '1' })).toBe(0)
    expect(second.value('goqueue_group_drain_seconds', { group: 'billing' })).toBe(drain)
    expect(second.value('goqueue_group_member_drain_seconds', labels)).toBe(drain)
    await member.close()
    const third = await scrape(url)
    expect(third.value('goqueue_group_lag_records', { group: 'billing' })).toBe(4)
    expect(third.of('goqueue_group_member_lag_records')).toHaveLength(1) // static: it may come back
  })

  it('a histogram counts in each bucket all values up to its bound, in seconds', async () => {
    const { url, client } = await open()
    await client.admin().createTopic({ name: 'orders', partitions: 1 })
    await client.producer().send({ topic: 'orders', value: 'a' })
    const { of, value } = await scrape(url)
    const buckets = of('goqueue_log_flush_duration_seconds_bucket')
    const bounds = buckets.map(({ labels }) => (labels['le'] === '+Inf' ? Infinity : Number(labels['le'])))
    expect(bounds[0]).toBe(0.0001)
    expect(bounds).toEqual([...bounds].sort((left, right) => left - right))
    const counts = buckets.map((bucket) => bucket.value)
    expect(counts).toEqual([...counts].sort((left, right) => left - right))
    expect(counts.at(-1)).toBe(value('goqueue_log_flush_duration_seconds_count'))
    expect(counts.at(-1)).toBeGreaterThan(0)
    expect(value('goqueue_log_flush_batches_sum')).toBe(1)
  })

  it('a group may be called anything: quotes, backslashes and line feeds are escaped', async () => {
    const { url, listener } = await open()
    const names = ['say "hi"', 'back\\slash', 'two\nlines', '}', '组', '\\n', '__proto__']
    for (const [index, name] of names.entries()) {
      const socket = await dial(listener.address)
      closers.push(async () => socket.destroy())
      socket.write(joinGroup(index, name, 30_000))
    }
    const found = async () => (await scrape(url)).of('goqueue_group_members').map(({ labels }) => labels['group'])
    let groups = await found()
    while (groups.length < names.length) groups = await found() // the joins are held: nothing is answered that one could wait for
    expect(new Set(groups)).toEqual(new Set(names))
  })

  it('says how much room the disk has, where there is one and it says so', async () => {
    const free = async (says: { freeBytes?: () => Promise<number> }) => {
      const { url } = await open({ fileSystem: Object.assign(new MemoryFileSystem(), says) })
      return (await scrape(url)).of('goqueue_disk_free_bytes').map(({ value }) => value)
    }
    expect(await free({ freeBytes: () => Promise.resolve(5_000_000_000) })).toEqual([5_000_000_000])
    expect(await free({ freeBytes: () => Promise.resolve(0) })).toEqual([0])
    expect(await free({ freeBytes: () => Promise.reject(new Error('EIO')) })).toEqual([])
    expect(await free({})).toEqual([])
  })

  it('says how much of a log is not on the disk, in bytes and seconds', async () => {
    const runtime = new VirtualRuntime()
    const { url, client, broker } = await open({ runtime, flush: 'os' })
    await client.admin().createTopic({ name: 'orders', partitions: 1 })
    await client.producer().send({ topic: 'orders', value: 'a', timestampMs: runtime.wallClockMs() })
    runtime.advance(2_500)
    const { value } = await scrape(url)
    const orders = { topic: 'orders', partition: '0' }
    const bytes = value('goqueue_partition_bytes_not_durable', orders)
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBe(broker.metrics().partitions[0]?.sizeBytes)
    expect(value('goqueue_partition_not_durable_age_seconds', orders)).toBe(2.5)
  })

  it('says whether the disk has room for records beyond what is kept free of them', async () => {
    let free = 10
    const freeBytes = () => Promise.resolve(free)
    const fileSystem = Object.assign(new MemoryFileSystem(), { freeBytes })
    const { url, client } = await open({ fileSystem, logMinFreeBytes: 1_000 })
    const reserve = async () => {
      const { of } = await scrape(url)
      const names = [
        'goqueue_disk_reserve_bytes',
        'goqueue_disk_reserve_reached',
        'goqueue_disk_reserve_refusals_total',
      ]
      return names.flatMap((name) => of(name).map(({ value }) => value))
    }
    expect(await reserve()).toEqual([1_000, 1, 0])
    await client.admin().createTopic({ name: 'orders' })
    const sent = client.producer().send({ topic: 'orders', value: 'a' })
    let [bytes, isReached, refusals] = await reserve()
    while (refusals === 0) [bytes, isReached, refusals] = await reserve() // nothing is answered that one could wait for
    expect([bytes, isReached]).toEqual([1_000, 1])
    free = 1_000_000
    expect((await reserve()).slice(0, 2)).toEqual([1_000, 0]) // a scrape looks at the disk
    expect(await sent).toEqual({ partition: 0, offset: 0 })
    const without = await open({ fileSystem: Object.assign(new MemoryFileSystem(), { freeBytes }), logMinFreeBytes: 0 })
    expect((await scrape(without.url)).of('goqueue_disk_reserve_bytes')).toEqual([])
  })

  it('connections that a limit kept out are counted by that limit', async () => {
    const { url, listener } = await open({}, 1)
    const first = await dial(listener.address)
    const second = connect(listener.address)
    await once(second, 'close')
    expect((await scrape(url)).value('goqueue_connections_refused_total', { limit: 'max.connections' })).toBe(1)
    first.destroy()
  })

  it('what one metric has beyond ten thousand series is left out, and says so', async () => {
    const { url, client } = await open({ maxPartitions: 11_000, maxPartitionsPerTopic: 11_000 })
    await client.admin().createTopic({ name: 'wide', partitions: 10_002 })
    const { of, value } = await scrape(url)
    expect(of('goqueue_partition_size_bytes')).toHaveLength(10_000)
    expect(value('goqueue_metrics_series_left_out', { metric: 'goqueue_partition_size_bytes' })).toBe(2)
    expect(value('goqueue_partitions', { condition: 'sound' })).toBe(10_002)
  })

  it('those who ask at the same time share one answer', async () => {
    const { monitoring, broker } = await open()
    let gathered = 0
    const metrics = broker.metrics.bind(broker)
    broker.metrics = () => {
      gathered += 1
      return metrics()
    }
    const [first, second] = await Promise.all([monitoring.metrics(), monitoring.metrics()])
    expect(first?.text).toBe(second?.text)
    await monitoring.metrics()
    expect(gathered).toBe(2)
  })
})

describe('/healthz and /readyz', () => {
  it('it is alive and not ready until it serves, and again when it drains', async () => {
    const { monitoring, url } = await openMonitoring()
    expect(await ask(url, '/healthz')).toEqual({ status: 200, text: 'alive\n' })
    expect(await ask(url, '/readyz')).toEqual({ status: 503, text: 'starting\n' })
    expect(await ask(url, '/metrics')).toEqual({ status: 503, text: 'starting\n' })
    const broker = await openBroker({ memory: true })
    const listener = await listen(broker)
    monitoring.serving({ broker, listener })
    expect(await ask(url, '/readyz')).toEqual({ status: 200, text: 'ready\n' })
    monitoring.draining()
    await listener.close()
    await broker.close()
    expect(await ask(url, '/readyz')).toEqual({ status: 503, text: 'draining\n' })
    expect(await ask(url, '/healthz')).toEqual({ status: 200, text: 'alive\n' })
    expect((await ask(url, '/metrics')).status).toBe(200)
  })

  it('a log whose disk has failed makes it unready, and says which one and why', async () => {
    const fileSystem = new MemoryFileSystem()
    const { url, client } = await open({ fileSystem })
    await client.admin().createTopic({ name: 'orders', partitions: 1 })
    fileSystem.onOperation = ({ name }) => {
      if (name === 'fdatasync') throw Object.assign(new Error('EIO: the disk is gone'), { code: 'EIO' })
    }
    expect((await ask(url, '/readyz')).status).toBe(200)
    const producer = client.producer({ deliveryTimeoutMs: 500 })
    await expect(producer.send({ topic: 'orders', value: 'a' })).rejects.toThrow()
    const { status, text } = await ask(url, '/readyz')
    expect(status).toBe(503)
    expect(text).toMatch(/^1 offline: orders\[0\]; log \S+-0 is offline until a restart: .*EIO.*\n$/)
    expect((await ask(url, '/healthz')).status).toBe(200)
    expect((await scrape(url)).value('goqueue_partitions', { condition: 'offline' })).toBe(1)
    fileSystem.onOperation = undefined
    await client.admin().deleteTopic('orders')
    expect(await ask(url, '/readyz')).toEqual({ status: 200, text: 'ready\n' })
  })

  it('a disk without room for records leaves it ready: it serves everything else', async () => {
    const fileSystem = Object.assign(new MemoryFileSystem(), { freeBytes: () => Promise.resolve(0) })
    const { url } = await open({ fileSystem })
    expect((await scrape(url)).value('goqueue_disk_reserve_reached')).toBe(1)
    expect(await ask(url, '/readyz')).toEqual({ status: 200, text: 'ready\n' })
  })
})

describe('the endpoint', () => {
  it('closes although a connection is kept alive', async () => {
    const { monitoring, url } = await openMonitoring()
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(socket, 'data')
    await setImmediate()
    await monitoring.close()
    if (!socket.destroyed) await once(socket, 'close')
  })

  it('a taken port is refused with one sentence', async () => {
    const { url } = await openMonitoring()
    const { port } = new URL(url)
    await expect(Monitoring.open(LOOPBACK, new Address(LOOPBACK, Number(port)), () => {})).rejects.toThrow(
      `127.0.0.1:${port} is taken: another process listens there.`,
    )
  })
})

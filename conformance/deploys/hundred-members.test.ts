// A hundred members on a real broker, over TCP, one of which dies: whatever does not depend on how fast the machine is.
import { connect, type Socket } from 'node:net'
import { Client, type ConsumerRecord, type GroupConsumer } from '@goqueue/client'
import { expect, it, onTestFinished } from 'vitest'
import { useBrokerProcesses } from '../support/broker-process.ts'
import { rebalancesOf } from '../support/rebalances-of.ts'

const TOPIC = 'orders'
const MEMBERS = 100
const PARTITIONS = Array.from({ length: 2 * MEMBERS }, (_, partition) => partition)
const HEARTBEAT_MS = 100
/** The shortest that a broker allows by default, for the one that dies. */
const SHORT_SESSION_MS = 6_000
/** The others must not expire, however busy the machine is. */
const LONG_SESSION_MS = 120_000
const PATIENCE_MS = 180_000

const brokers = useBrokerProcesses()

/** Records as they are delivered by all members together, and who waits for some. */
class Deliveries {
  /** By partition, in the order of delivery. */
  readonly offsets = PARTITIONS.map((): number[] => [])
  readonly signals = new Map<number, Set<AbortSignal>>()
  private failure: { readonly error: unknown } | null = null
  private wake = () => {}

  /** A member reads no more: whoever waits for records hears why. */
  fail(error: unknown): void {
    this.failure ??= { error }
    this.wake()
  }

  note({ partition, offset, signal }: ConsumerRecord): void {
    this.offsets[partition]!.push(offset)
    const signals = this.signals.get(partition) ?? new Set()
    this.signals.set(partition, signals.add(signal))
    this.wake()
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) {
      if (this.failure !== null) throw this.failure.error
      await new Promise<void>((resolve) => (this.wake = resolve))
    }
  }

  /** Resolves when so many records of each of these partitions have been delivered. */
  all(partitions: readonly number[], count: number): Promise<void> {
    return this.until(() => partitions.every((partition) => this.offsets[partition]!.length >= count))
  }
}

/** A client in a process that can be killed: its connections are gone and it makes no others. */
function mortalClient(address: string): { readonly client: Client; kill(): void } {
  const sockets: Socket[] = []
  let isDead = false
  const dial = async ({ host, port }: { readonly host: string; readonly port: number }) => {
    if (isDead) throw new Error('killed')
    const socket = connect({ host, port, noDelay: true })
    sockets.push(socket)
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return socket
  }
  const kill = () => {
    isDead = true
    for (const socket of sockets) socket.destroy()
  }
  return { client: new Client({ brokers: [address], dial }), kill }
}

function memberOf(client: Client, sessionTimeoutMs: number): GroupConsumer {
  return client.groupConsumer({
    groupId: 'billing',
    topics: [TOPIC],
    assignors: ['cooperative-sticky'],
    sessionTimeoutMs,
    heartbeatIntervalMs: HEARTBEAT_MS,
  })
}

it(
  'one of a hundred members dies: the partitions of the others go on without a signal, a gap or a repetition',
  async () => {
    const { address } = await brokers.start({ dataDir: await brokers.directory() })
    const client = new Client({ brokers: [address] })
    const mortal = mortalClient(address)
    const others = Array.from({ length: MEMBERS - 1 }, () => new Client({ brokers: [address] }))
    onTestFinished(async () => {
      mortal.kill()
      await Promise.all([client, mortal.client, ...others].map((each) => each.close()))
    })
    await client.admin().createTopic({ name: TOPIC, partitions: PARTITIONS.length })
    const dying = memberOf(mortal.client, SHORT_SESSION_MS)
    const survivors = others.map((other) => memberOf(other, LONG_SESSION_MS))
    await Promise.all([dying, ...survivors].map((member) => member.joinGroup()))
    const isBalanced = () => [dying, ...survivors].every((member) => member.getAssignment()[TOPIC]?.length === 2)
    while (!isBalanced()) await client.admin().describeGroup('billing')
    const moving = dying.getAssignment()[TOPIC]!
    const unmoved = PARTITIONS.filter((partition) => !moving.includes(partition))
    const { memberId } = dying

    const deliveries = new Deliveries()
    const read = async (member: GroupConsumer) => {
      for await (const record of member) deliveries.note(record)
    }
    for (const member of survivors) read(member).catch((error: unknown) => deliveries.fail(error))
    const producer = client.producer()
    // One round after another, each when the last is delivered: from before the death until the dead one's flow again.
    let rounds = 0
    const round = async () => {
      rounds += 1
      await producer.send(PARTITIONS.map((partition) => ({ topic: TOPIC, partition, value: 'x' })))
      await deliveries.all(unmoved, rounds)
    }
    await round()
    mortal.kill()
    while (moving.some((partition) => deliveries.offsets[partition]!.length === 0)) await round()
    await round()
    await deliveries.all(moving, rounds)

    const each = Array.from({ length: rounds }, (_, offset) => offset)
    expect(deliveries.offsets).toEqual(PARTITIONS.map(() => each))
    for (const partition of unmoved) {
      const signals = [...deliveries.signals.get(partition)!]
      expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    }
    const { causes, moved } = (await rebalancesOf(client, 'billing')).at(-1)!
    expect(causes).toEqual([expect.objectContaining({ kind: 'sessionTimeout', memberId })])
    expect(moved.map(({ partition }) => partition).sort()).toEqual([...moving].sort())
  },
  PATIENCE_MS,
)

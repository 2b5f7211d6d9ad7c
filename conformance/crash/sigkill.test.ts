// Lane C: goqueue-broker is killed under load, again and again, and keeps everything that it acknowledged.
import { randomInt } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { VirtualRuntime } from '@goqueue/broker-core/testing'
import { expect, it } from 'vitest'
import { useBrokerProcesses, type Address, type BrokerProcess } from '../support/broker-process.ts'
import { WireConnection } from '../support/wire-connection.ts'
import { Member, SimpleCommitter } from './committers.ts'
import { History } from './history.ts'
import { Producer } from './producer.ts'
import { readBack } from './read-back.ts'
import { tearTail } from './torn-tail.ts'
import type { TopicPartition } from './topic-partition.ts'
import { untilLost } from './until-lost.ts'

const CYCLES = Number(process.env['CYCLES'] ?? 100)
const SEED = Number(process.env['SEED'] ?? randomInt(2 ** 31))
const REPLAY = `SEED=${SEED} CYCLES=${CYCLES} npx vitest run conformance/crash/sigkill.test.ts`

const TOPICS = ['orders', 'payments', 'shipments']
const PARTITIONS = 2
const MOST_ACKS = 250
const KILLS_DURING_RECOVERY = 0.1
/** How many kills come in the midst of a write: too rare by themselves, so the torn end is made by hand. */
const TORN_WRITES = 0.2

/** Segments so small that every partition rolls many times. */
const CONFIG = {
  'log.segment.bytes': 16_384,
  'log.index.interval.bytes': 1_024,
  'group.initial.rebalance.delay.ms': 0,
}

const targets = TOPICS.flatMap((topic) =>
  Array.from({ length: PARTITIONS }, (_, partition): TopicPartition => ({ topic, partition })),
)
const groupIds = ['simple-1', 'simple-2', 'members']

const brokers = useBrokerProcesses()
const chance = new VirtualRuntime({ seed: SEED })
const random = () => chance.random()

async function createTopics(address: Address): Promise<void> {
  const connection = await WireConnection.to(address)
  const { topics } = await connection.request('CreateTopics', 5, {
    topics: TOPICS.map((name) => ({
      name,
      numPartitions: PARTITIONS,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    })),
  })
  expect(topics.map(({ errorCode }) => errorCode)).toEqual(TOPICS.map(() => 'NONE'))
  connection.close()
}

/** The whole of what runs against the broker, over all of its lives. */
class Load {
  readonly history = new History()
  private readonly clients: readonly { run(connection: WireConnection): Promise<void> }[]
  private readonly producers: readonly Producer[]
  /** By partition: everything before was read back and found in order. */
  private readonly ends = new Map<string, number>()

  constructor() {
    const { history } = this
    this.producers = [
      new Producer({ name: 'plain', isIdempotent: false, targets, history, random }),
      new Producer({ name: 'idempotent-1', isIdempotent: true, targets, history, random }),
      new Producer({ name: 'idempotent-2', isIdempotent: true, targets: targets.slice(0, 2), history, random }),
    ]
    this.clients = [
      ...this.producers,
      new SimpleCommitter({ groupId: 'simple-1', targets, history }),
      new SimpleCommitter({ groupId: 'simple-2', targets: targets.slice(0, 1), history }),
      new Member({ groupId: 'members', targets, history, random }),
    ]
  }

  /** Works until the broker is gone. */
  async run(address: Address): Promise<void> {
    await Promise.all(
      this.clients.map((client) =>
        untilLost(async () => {
          const connection = await WireConnection.to(address)
          await client.run(connection).finally(() => connection.close())
        }),
      ),
    )
  }

  /** Reads what came since the last time. */
  async checkEnd(address: Address): Promise<void> {
    const connection = await WireConnection.to(address)
    const found = await readBack(connection, { targets, groupIds, from: this.ends })
    expect(this.history.violations(found, { from: this.ends })).toEqual([])
    this.history.observed(found)
    for (const [partition, records] of found.records) {
      this.ends.set(partition, (this.ends.get(partition) ?? 0) + records.length)
    }
    connection.close()
  }

  /** Lets the idempotent producers come to their end, then reads everything from the first offset. */
  async checkWhole(address: Address): Promise<void> {
    const connection = await WireConnection.to(address)
    for (const producer of this.producers) await producer.resume(connection)
    const found = await readBack(connection, { targets, groupIds })
    expect(this.history.violations(found, { isOver: true })).toEqual([])
    connection.close()
  }
}

/** One life of the broker: it comes up, is found to have kept its word, works, and is killed. */
async function liveAndDie(broker: BrokerProcess, load: Load): Promise<void> {
  const address = await broker.ready
  await load.checkEnd(address)
  const enough = load.history.acksToCome(1 + Math.floor(random() * MOST_ACKS))
  const work = load.run(address)
  await Promise.race([enough, work, broker.exited])
  broker.kill('SIGKILL')
  await work
}

/** All of the broker's lives, on one data directory. */
async function liveThrough(cycles: number): Promise<void> {
  const dataDir = await brokers.directory()
  const configFile = join(await brokers.directory('goqueue-config-'), 'broker.json')
  await writeFile(configFile, JSON.stringify(CONFIG))
  const options = { dataDir, args: ['--config', configFile, '--log-level', 'warn'] }
  const load = new Load()

  const startedMs = performance.now()
  const first = brokers.spawn(options)
  const address = await first.ready
  const startMs = performance.now() - startedMs
  await createTopics(address)
  first.kill('SIGKILL')
  await first.exited

  for (let cycle = 0; cycle < cycles; cycle++) {
    const broker = brokers.spawn(options)
    if (random() < KILLS_DURING_RECOVERY) setTimeout(() => broker.kill('SIGKILL'), random() * startMs)
    else await liveAndDie(broker, load)
    expect(await broker.exited, broker.log).toEqual({ exitCode: null, signal: 'SIGKILL' })
    if (random() < TORN_WRITES) await tearTail(dataDir, random)
  }
  const last = brokers.spawn(options)
  await load.checkWhole(await last.ready)
}

it(`P1 P2 P3 P4 P6: ${CYCLES} times SIGKILL under load lose no acked record and no acked commit`, async () => {
  try {
    await liveThrough(CYCLES)
  } catch (error) {
    throw new Error(`replay with: ${REPLAY}`, { cause: error })
  }
}, 600_000)

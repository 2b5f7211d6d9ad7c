// Deploys on virtual time: six consumers restarted in turn, again and again, while records are sent and finished.
import { afterEach, describe, expect, it } from 'vitest'
import { GoQueueError, type Client, type ConsumerRecord } from '../../src/index.ts'
import { rebalancesOf } from '../rebalances-of.ts'
import { World } from '../world.ts'

const CONSUMERS = 6
const PARTITIONS = Array.from({ length: 2 * CONSUMERS }, (_, partition) => partition)
const SESSION_MS = 2_000
const SEND_EVERY_MS = 50
/** Most of the time a record is in hand. */
const WORK_MS = 17
/** From the end of a process to its successor's start. */
const DOWN_MS = 400

let world: World
afterEach(() => world.close())

const nameOf = ({ partition, offset }: Pick<ConsumerRecord, 'partition' | 'offset'>) => `${partition} ${offset}`

interface Kind {
  readonly assignor: string
  readonly hasStaticIds: boolean
}

class Deployment {
  readonly produced = new Set<string>()
  readonly finished = new Set<string>()
  private readonly kind: Kind
  private readonly client: Client
  private readonly running: ReturnType<Deployment['started']>[] = []
  private isSending = true

  constructor(kind: Kind) {
    this.kind = kind
    this.client = world.client()
  }

  async start(): Promise<void> {
    await world.run(this.client.admin().createTopic({ name: 'orders', partitions: PARTITIONS.length }))
    for (let index = 0; index < CONSUMERS; index++) this.running[index] = this.started(index)
    await world.until(() => this.running.every(({ group }) => group.getAssignment()['orders']?.length === 2))
    void this.send()
    await world.pass(500)
  }

  /** Restarts one consumer after another, each as soon as the successor of the one before has joined. */
  async roll(how: 'close' | 'kill'): Promise<void> {
    for (const [index, { client, kill }] of [...this.running].entries()) {
      if (how === 'kill') kill()
      else await world.run(client.close())
      await world.pass(DOWN_MS)
      const successor = (this.running[index] = this.started(index))
      await world.run(successor.group.joinGroup())
    }
  }

  /** Ends the production; resolves when its last records are finished. */
  async drain(): Promise<void> {
    this.isSending = false
    await world.pass(SEND_EVERY_MS)
    const last = PARTITIONS.map((partition) =>
      nameOf({ partition, offset: this.produced.size / PARTITIONS.length - 1 }),
    )
    await world.until(() => last.every((name) => this.finished.has(name)))
  }

  async rebalances(): Promise<number[]> {
    return (await world.run(rebalancesOf(this.client, 'billing'))).map(({ generationId }) => generationId)
  }

  private started(index: number) {
    const { client, kill } = world.mortalClient()
    const { assignor, hasStaticIds } = this.kind
    const group = client.groupConsumer({
      groupId: 'billing',
      topics: ['orders'],
      assignors: [assignor],
      sessionTimeoutMs: SESSION_MS,
      ...(hasStaticIds && { consumerId: `consumer-${index}` }),
    })
    let isDead = false
    const work = async () => {
      for await (const record of group) {
        await this.pause(WORK_MS)
        if (isDead) return
        this.finished.add(nameOf(record))
        try {
          await group.commit(record)
        } catch (error) {
          // Given up, or closed, while this record was in hand: whoever has the partition next gets it again.
          if (!(error instanceof GoQueueError)) throw error
        }
      }
    }
    void work()
    return {
      client,
      group,
      kill: () => {
        isDead = true
        kill()
      },
    }
  }

  private async send(): Promise<void> {
    const producer = this.client.producer()
    while (this.isSending) {
      const acknowledged = await producer.send(
        PARTITIONS.map((partition) => ({ topic: 'orders', partition, value: 'x' })),
      )
      for (const record of acknowledged) this.produced.add(nameOf(record))
      await this.pause(SEND_EVERY_MS)
    }
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resume) => void world.runtime.setAlarm(delayMs, resume))
  }
}

async function deployedThrice(kind: Kind) {
  world = await World.open({ groupMinSessionTimeoutMs: SESSION_MS })
  const deployment = new Deployment(kind)
  await deployment.start()
  const before = await deployment.rebalances()
  await deployment.roll('close')
  await deployment.roll('close')
  await deployment.roll('kill')
  await deployment.drain()
  expect(deployment.finished).toEqual(deployment.produced)
  return { before, after: await deployment.rebalances() }
}

describe.each([['roundrobin'], ['cooperative-sticky']])('%s', (assignor) => {
  it('with static ids two deploys and one of kills skip no record, and nobody rebalances', async () => {
    const { before, after } = await deployedThrice({ assignor, hasStaticIds: true })
    expect(after).toEqual(before)
  })

  it('without static ids two deploys and one of kills skip no record', async () => {
    const { before, after } = await deployedThrice({ assignor, hasStaticIds: false })
    expect(after.length).toBeGreaterThanOrEqual(before.length + 3 * CONSUMERS)
  })
})

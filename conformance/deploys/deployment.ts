// A topic, a producer that never rests, and a group of consumers in processes of their own that are deployed again and again.
import { join } from 'node:path'
import { Client, type Admin } from '@goqueue/client'
import { rebalancesOf } from '../support/rebalances-of.ts'
import { ConsumerProcess, type ConsumerArguments } from './consumer-process.ts'

const PARTITIONS = 12
/** The producer is so many records of a partition ahead at most. */
const MOST_AHEAD = 8

export interface DeploymentOptions {
  /** HOST:PORT of the broker. */
  readonly broker: string
  /** The bundled consumer. */
  readonly main: string
  /** Where the consumers write. */
  readonly directory: string
  /** The name of the group and of its topic. */
  readonly name: string
  readonly consumers: number
  readonly hasStaticIds: boolean
  readonly assignor: string
  readonly sessionTimeoutMs: number
}

interface Running {
  readonly process: ConsumerProcess
  readonly over: Promise<void>
  isToEnd: boolean
}

export class Deployment {
  /** The generations in which consumers joined, in order. */
  readonly generations: number[] = []
  private readonly options: DeploymentOptions
  private readonly client: Client
  private readonly admin: Admin
  private readonly running: Running[] = []
  /** Every process that ever ran. */
  private readonly all: ConsumerProcess[] = []
  private readonly finished = new Set<string>()
  /** By partition: the offset behind the last record that was acknowledged, and behind the last that was finished. */
  private readonly producedEnds = new Array<number>(PARTITIONS).fill(0)
  private readonly finishedEnds = new Array<number>(PARTITIONS).fill(0)
  private readonly waiting: (() => void)[] = []
  private failure: Error | null = null
  private producing: Promise<void> = Promise.resolve()
  private isProducing = false

  constructor(options: DeploymentOptions) {
    this.options = options
    this.client = new Client({ brokers: [options.broker], clientId: options.name })
    this.admin = this.client.admin()
  }

  /** Starts everything; resolves when the group is balanced and records flow. */
  async start(): Promise<void> {
    const { name, consumers } = this.options
    await this.admin.createTopic({ name, partitions: PARTITIONS })
    await Promise.all(Array.from({ length: consumers }, (_, index) => this.startConsumer(index)))
    while (!(await this.isBalanced())) continue
    this.isProducing = true
    this.producing = this.produce()
    this.producing.catch((error: unknown) => this.fail(error as Error))
    await this.until(() => this.finishedEnds.every((end) => end > 0))
  }

  /** Restarts one consumer after another: each is told to end, and its successor has joined before the next one's turn. */
  async roll(): Promise<void> {
    for (let index = 0; index < this.options.consumers; index++) await this.replace([index], 'SIGTERM')
  }

  /** As `roll`, with kills, half of the consumers at a time. */
  async kill(): Promise<void> {
    const all = Array.from({ length: this.options.consumers }, (_, index) => index)
    for (const half of [0, 1]) {
      await this.replace(
        all.filter((index) => index % 2 === half),
        'SIGKILL',
      )
    }
  }

  /** Ends the production, waits until the last of it is finished, and ends everything. */
  async stop(): Promise<void> {
    this.isProducing = false
    this.tell()
    await this.producing
    await this.until(() => this.finishedEnds.every((end, partition) => end === this.producedEnds[partition]))
    await Promise.all(this.running.map((_, index) => this.endConsumer(index, 'SIGTERM')))
  }

  /** What was acknowledged to the producer, as `PARTITION OFFSET`. */
  produced(): string[] {
    return this.producedEnds.flatMap((end, partition) =>
      Array.from({ length: end }, (_, offset) => `${partition} ${offset}`),
    )
  }

  /** What stands in all the files together. */
  async written(): Promise<string[]> {
    return (await Promise.all(this.all.map((process) => process.written()))).flat()
  }

  /** How many records the group has not committed past. */
  async lag(): Promise<number | null> {
    return (await this.admin.lag(this.options.name)).lag
  }

  /** The generation of each rebalance of the group, as the broker has written it down. */
  async rebalances(): Promise<number[]> {
    return (await rebalancesOf(this.client, this.options.name)).map(({ generationId }) => generationId)
  }

  close(): Promise<void> {
    return this.client.close()
  }

  private async replace(indexes: readonly number[], signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await Promise.all(indexes.map((index) => this.endConsumer(index, signal)))
    await Promise.all(indexes.map((index) => this.startConsumer(index)))
    const before = this.finished.size
    await this.until(() => this.finished.size > before)
  }

  private async startConsumer(index: number): Promise<void> {
    const { main, broker, directory, name, hasStaticIds, assignor, sessionTimeoutMs } = this.options
    const given: ConsumerArguments = {
      broker,
      file: join(directory, `${name}-${this.all.length}`),
      groupId: name,
      topics: [name],
      assignors: [assignor],
      sessionTimeoutMs,
      ...(hasStaticIds && { consumerId: `consumer-${index}` }),
    }
    const process = new ConsumerProcess(main, given)
    this.all.push(process)
    const over = this.follow(process, () => running.isToEnd)
    const running: Running = { process, over, isToEnd: false }
    this.running[index] = running
    this.generations.push(await process.joined())
  }

  private async endConsumer(index: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const running = this.running[index]!
    running.isToEnd = true
    running.process.kill(signal)
    await running.over
  }

  private async follow(process: ConsumerProcess, isToEnd: () => boolean): Promise<void> {
    const { exitCode, signal, stderr } = await process.follow((record) => this.finish(record))
    if (isToEnd() && (exitCode === 0 || signal === 'SIGKILL')) return
    this.fail(new Error(`a consumer ended with ${exitCode ?? signal}:\n${stderr}`))
  }

  private finish(record: string): void {
    if (this.finished.has(record)) return
    this.finished.add(record)
    const [partition, offset] = record.split(' ').map(Number) as [number, number]
    this.finishedEnds[partition] = Math.max(this.finishedEnds[partition]!, offset + 1)
    this.tell()
  }

  private async produce(): Promise<void> {
    const producer = this.client.producer()
    const hasRoom = (partition: number) => this.producedEnds[partition]! - this.finishedEnds[partition]! < MOST_AHEAD
    const everywhere = Array.from({ length: PARTITIONS }, (_, partition) => partition)
    while (this.isProducing) {
      const records = everywhere
        .filter(hasRoom)
        .map((partition) => ({ topic: this.options.name, partition, value: 'x' }))
      if (records.length === 0) await this.until(() => !this.isProducing || everywhere.some(hasRoom))
      for (const { partition, offset } of await producer.send(records)) {
        if (offset !== this.producedEnds[partition]) throw new Error(`${partition} ${offset} is not the next offset`)
        this.producedEnds[partition]! += 1
      }
    }
  }

  private async isBalanced(): Promise<boolean> {
    const { name, consumers } = this.options
    const { state, members } = await this.admin.describeGroup(name)
    const shares = members.map(({ assignment }) => assignment[name]?.length ?? 0)
    return state === 'Stable' && shares.length === consumers && Math.min(...shares) === PARTITIONS / consumers
  }

  /** Resolves when `isThere` says so, asked whenever something has happened; rejects when something went wrong. */
  private async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) {
      if (this.failure !== null) throw this.failure
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    }
  }

  private fail(error: Error): void {
    this.failure ??= error
    this.tell()
  }

  private tell(): void {
    for (const told of this.waiting.splice(0)) told()
  }
}

// A producer of the crash lane: sends as fast as it is answered, and an idempotent one sends again what was not acked.
import { buildRecordBatch, type CompressionName } from '@goqueue/protocol'
import type { WireConnection } from '../support/wire-connection.ts'
import type { History } from './history.ts'
import { partitionName, type TopicPartition } from './topic-partition.ts'
import { untilLost } from './until-lost.ts'

const MAX_IN_FLIGHT = 4
const COMPRESSIONS: readonly CompressionName[] = ['none', 'none', 'gzip', 'snappy', 'lz4']

interface Batch {
  readonly target: TopicPartition
  readonly values: readonly string[]
  readonly bytes: Buffer
}

export class Producer {
  private readonly name: string
  private readonly isIdempotent: boolean
  private readonly targets: readonly TopicPartition[]
  private readonly history: History
  private readonly random: () => number
  private readonly sequences = new Map<string, number>()
  private readonly inFlight = new Set<Promise<void>>()
  private identity: { readonly producerId: number; readonly producerEpoch: number } | null = null
  private unacked: Batch[] = []
  private sentCount = 0

  constructor(options: {
    readonly name: string
    readonly isIdempotent: boolean
    readonly targets: readonly TopicPartition[]
    readonly history: History
    readonly random: () => number
  }) {
    this.name = options.name
    this.isIdempotent = options.isIdempotent
    this.targets = options.targets
    this.history = options.history
    this.random = options.random
  }

  /** Produces until the connection is lost. */
  run(connection: WireConnection): Promise<void> {
    return untilLost(async () => {
      await this.resume(connection)
      for (;;) {
        while (this.inFlight.size >= MAX_IN_FLIGHT) await Promise.race(this.inFlight)
        this.send(connection, this.nextBatch())
      }
    })
  }

  /** Gets an identity, and sends again what an idempotent producer does not know to be there; resolves when it is acked. */
  async resume(connection: WireConnection): Promise<void> {
    const resent = this.isIdempotent ? this.unacked : []
    this.unacked = []
    if (this.isIdempotent && this.identity === null) {
      const { errorCode, ...identity } = await connection.request('InitProducerId', 4, {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
      })
      if (errorCode !== 'NONE') this.history.refused(`${this.name} got no producer id: ${errorCode}`)
      this.identity = identity
    }
    this.inFlight.clear()
    for (const batch of resent) this.send(connection, batch)
    await Promise.all(this.inFlight)
  }

  private send(connection: WireConnection, batch: Batch): void {
    this.unacked.push(batch)
    const answered = this.request(connection, batch).finally(() => this.inFlight.delete(answered))
    answered.catch(() => {}) // whoever waits for it is told
    this.inFlight.add(answered)
  }

  private async request(connection: WireConnection, batch: Batch): Promise<void> {
    const { target, values, bytes } = batch
    const { responses } = await connection.request('Produce', 9, {
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: target.topic, partitionData: [{ index: target.partition, records: bytes }] }],
    })
    this.unacked.splice(this.unacked.indexOf(batch), 1)
    const answer = responses[0]?.partitionResponses[0]
    if (answer?.errorCode !== 'NONE') {
      this.history.refused(`${values[0]} was refused: ${answer?.errorCode}, ${answer?.errorMessage}`)
      return
    }
    for (const [index, value] of values.entries()) this.history.acked(value, answer.baseOffset + index)
  }

  private nextBatch(): Batch {
    const target = this.pick(this.targets)
    const partition = partitionName(target)
    const values = Array.from({ length: 1 + this.below(4) }, () => {
      return `${this.name} ${++this.sentCount} ${'x'.repeat(this.below(200))}`
    })
    for (const value of values) this.history.sent(this.name, partition, value, { isRetried: this.isIdempotent })
    const baseSequence = this.sequences.get(partition) ?? 0
    this.sequences.set(partition, baseSequence + values.length)
    const bytes = buildRecordBatch({
      records: values.map((value) => ({ key: null, value, headers: [], timestampMs: Date.now() })),
      compression: this.pick(COMPRESSIONS),
      ...(this.identity !== null && { ...this.identity, baseSequence }),
    })
    return { target, values, bytes }
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  private pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)]
    if (choice === undefined) throw new RangeError('there is nothing to pick from')
    return choice
  }
}

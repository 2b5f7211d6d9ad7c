// Pure. What a partition remembers of its idempotent producers, and what that says about their next batch (KIP-98).
import { crc32c, DecodeError, lastOffset } from '@goqueue/protocol'
import type { RecordBatchHeader } from '@goqueue/protocol'

/** Kafka remembers as many: it is the most that a producer may have in flight. */
const REMEMBERED_BATCHES = 5
const GREATEST_SEQUENCE = 0x7fffffff
/** The most producers of one partition; the least recently heard of is forgotten first (N21). */
const DEFAULT_MAX_PRODUCERS = 10_000

/** What to do with a batch. A duplicate is answered with the offsets of its original, and waits as its original does. */
export type ProducerCheck =
  | { kind: 'append' }
  | { kind: 'duplicate'; baseOffset: number; lastOffset: number }
  | { kind: 'refused'; errorCode: 'OUT_OF_ORDER_SEQUENCE_NUMBER' | 'INVALID_PRODUCER_EPOCH'; message: string }

export interface ProducerStatesOptions {
  maxProducers?: number
}

interface RememberedBatch {
  firstSequence: number
  lastSequence: number
  baseOffset: number
  lastOffset: number
}

interface ProducerState {
  epoch: number
  /** When its last batch was recorded. */
  heardMs: number
  /** At least one and at most five, oldest first, all of this epoch. */
  batches: RememberedBatch[]
}

/** The first batch of a producer, for which there was no room. */
interface PostponedBatch {
  epoch: number
  sequence: number
  /** When it last asked for room. */
  heardMs: number
}

/** The producers of one partition. Times are epoch milliseconds, because they outlive a restart. */
export class ProducerStates {
  /** In the order in which they were last heard of. */
  readonly #producers = new Map<number, ProducerState>()
  /** Of producers that are not among those, in the order in which they last asked. In no snapshot: see `postpone`. */
  readonly #postponed = new Map<number, PostponedBatch>()
  readonly #maxProducers: number

  constructor(options: ProducerStatesOptions = {}) {
    this.#maxProducers = options.maxProducers ?? DEFAULT_MAX_PRODUCERS
  }

  /** How many are remembered: at most the cap of those with batches, and as many whose first batch found no room. */
  get size(): number {
    return this.#producers.size + this.#postponed.size
  }

  /** Says what to do with a batch that wants to be appended; remembers nothing. */
  check(header: RecordBatchHeader): ProducerCheck {
    const { producerId, producerEpoch, baseSequence } = header
    const producer = this.#producers.get(producerId)
    const postponed = this.#postponed.get(producerId)
    const epoch = producer?.epoch ?? postponed?.epoch
    // Of a producer that is unknown (expired, or its records are deleted) any sequence is taken: Kafka does so too
    // (ProducerAppendInfo.checkSequence), for to refuse would stop an innocent producer for ever.
    if (producerId < 0 || epoch === undefined) return { kind: 'append' }
    if (producerEpoch < epoch) {
      const message = `producer ${producerId} has epoch ${epoch}, the batch is of epoch ${producerEpoch}`
      return { kind: 'refused', errorCode: 'INVALID_PRODUCER_EPOCH', message }
    }
    let expected = 0
    if (producerEpoch === epoch) {
      const lastSequence = lastSequenceOf(header)
      const original = producer?.batches.find(
        (batch) => batch.firstSequence === baseSequence && batch.lastSequence === lastSequence,
      )
      if (original !== undefined) {
        return { kind: 'duplicate', baseOffset: original.baseOffset, lastOffset: original.lastOffset }
      }
      expected = producer === undefined ? postponed!.sequence : nextSequence(producer.batches.at(-1)!.lastSequence)
    }
    return baseSequence === expected ? { kind: 'append' } : outOfOrder(header, expected)
  }

  /**
   * There is no room for a batch that might be appended. If its producer is unknown, nothing but that batch may begin it from
   * now on: batches that were sent behind it, before it is sent again, would take its place and shut it out. A new epoch
   * begins afresh. A restart forgets this without harm: it breaks the connections, so nothing sent before it arrives after it.
   */
  postpone(header: RecordBatchHeader, nowMs: number): void {
    const { producerId, producerEpoch, baseSequence } = header
    if (producerId < 0 || this.#producers.has(producerId)) return
    this.#postponed.delete(producerId)
    this.#postponed.set(producerId, { epoch: producerEpoch, sequence: baseSequence, heardMs: nowMs })
    if (this.#postponed.size > this.#maxProducers) forgetFirst(this.#postponed)
  }

  /** Remembers a batch that was appended: `header` has the base offset that the log gave it. */
  record(header: RecordBatchHeader, nowMs: number): void {
    const { producerId, producerEpoch, baseSequence, baseOffset } = header
    if (producerId < 0) return
    const known = this.#producers.get(producerId)
    const batches = known !== undefined && known.epoch === producerEpoch ? known.batches : []
    batches.push({
      firstSequence: baseSequence,
      lastSequence: lastSequenceOf(header),
      baseOffset,
      lastOffset: lastOffset(header),
    })
    if (batches.length > REMEMBERED_BATCHES) batches.shift()
    this.#postponed.delete(producerId)
    this.#producers.delete(producerId)
    this.#producers.set(producerId, { epoch: producerEpoch, heardMs: nowMs, batches })
    if (this.#producers.size > this.#maxProducers) forgetFirst(this.#producers)
  }

  /** Forgets the producers that were last heard of before `beforeMs`, and gives their number. */
  expire(beforeMs: number): number {
    return forgetSilent(this.#producers, beforeMs) + forgetSilent(this.#postponed, beforeMs)
  }

  /** Everything as bytes for `restore`, with a version and a checksum. */
  snapshot(): Buffer {
    let bytes = HEADER_BYTES
    for (const producer of this.#producers.values()) bytes += PRODUCER_BYTES + producer.batches.length * BATCH_BYTES
    const buffer = Buffer.alloc(bytes)
    let at = buffer.writeInt16BE(SNAPSHOT_VERSION, 0)
    at = buffer.writeInt32BE(this.#producers.size, at + CRC_BYTES)
    for (const [producerId, producer] of this.#producers) {
      at = buffer.writeBigInt64BE(BigInt(producerId), at)
      at = buffer.writeInt16BE(producer.epoch, at)
      at = buffer.writeBigInt64BE(BigInt(Math.trunc(producer.heardMs)), at)
      at = buffer.writeInt8(producer.batches.length, at)
      for (const batch of producer.batches) {
        at = buffer.writeInt32BE(batch.firstSequence, at)
        at = buffer.writeInt32BE(batch.lastSequence, at)
        at = buffer.writeBigInt64BE(BigInt(batch.baseOffset), at)
        at = buffer.writeBigInt64BE(BigInt(batch.lastOffset), at)
      }
    }
    buffer.writeUInt32BE(crc32c(buffer, CRC_POSITION + CRC_BYTES, buffer.length), CRC_POSITION)
    return buffer
  }

  /** The states of a snapshot. DecodeError when it is damaged or of another version. */
  static restore(buffer: Buffer, options: ProducerStatesOptions = {}): ProducerStates {
    if (buffer.length < HEADER_BYTES) throw new DecodeError('a producer snapshot is cut off')
    const version = buffer.readInt16BE(0)
    if (version !== SNAPSHOT_VERSION) throw new DecodeError(`a producer snapshot has unknown version ${version}`)
    if (crc32c(buffer, CRC_POSITION + CRC_BYTES, buffer.length) !== buffer.readUInt32BE(CRC_POSITION)) {
      throw new DecodeError('a producer snapshot does not fit its checksum')
    }
    // Behind a good checksum the bytes are our own, so a contradiction in them is a broken program: it shows as the
    // RangeError of a read beyond the end.
    const states = new ProducerStates(options)
    let at = HEADER_BYTES
    for (let left = buffer.readInt32BE(CRC_POSITION + CRC_BYTES); left > 0; left--) {
      const producerId = Number(buffer.readBigInt64BE(at))
      const epoch = buffer.readInt16BE(at + 8)
      const heardMs = Number(buffer.readBigInt64BE(at + 10))
      const batchCount = buffer.readInt8(at + 18)
      at += PRODUCER_BYTES
      const batches = Array.from({ length: batchCount }, (_, index) => readBatch(buffer, at + index * BATCH_BYTES))
      at += batchCount * BATCH_BYTES
      states.#producers.set(producerId, { epoch, heardMs, batches })
    }
    while (states.#producers.size > states.#maxProducers) forgetFirst(states.#producers)
    return states
  }
}

// A snapshot is: version (int16), CRC-32C of what follows it (uint32), count (int32), then the producers, each with
// id (int64), epoch (int16), heardMs (int64), batch count (int8), and then its batches.
const SNAPSHOT_VERSION = 1
const CRC_POSITION = 2
const CRC_BYTES = 4
const HEADER_BYTES = 10
const PRODUCER_BYTES = 19
const BATCH_BYTES = 24

function readBatch(buffer: Buffer, at: number): RememberedBatch {
  return {
    firstSequence: buffer.readInt32BE(at),
    lastSequence: buffer.readInt32BE(at + 4),
    baseOffset: Number(buffer.readBigInt64BE(at + 8)),
    lastOffset: Number(buffer.readBigInt64BE(at + 16)),
  }
}

function forgetFirst(producers: Map<number, unknown>): void {
  for (const producerId of producers.keys()) {
    producers.delete(producerId)
    return
  }
}

function forgetSilent(producers: Map<number, { heardMs: number }>, beforeMs: number): number {
  let forgotten = 0
  for (const [producerId, { heardMs }] of producers) {
    if (heardMs >= beforeMs) continue
    producers.delete(producerId)
    forgotten++
  }
  return forgotten
}

function outOfOrder(header: RecordBatchHeader, expected: number): ProducerCheck {
  const { producerId, producerEpoch, baseSequence } = header
  const message = `producer ${producerId} of epoch ${producerEpoch} sent sequence ${baseSequence}, ${expected} is next`
  return { kind: 'refused', errorCode: 'OUT_OF_ORDER_SEQUENCE_NUMBER', message }
}

/** Sequences count records and begin again at 0 after 2^31 - 1, also within a batch. */
function lastSequenceOf(header: RecordBatchHeader): number {
  const last = header.baseSequence + header.lastOffsetDelta
  return last <= GREATEST_SEQUENCE ? last : last - GREATEST_SEQUENCE - 1
}

function nextSequence(lastSequence: number): number {
  return lastSequence === GREATEST_SEQUENCE ? 0 : lastSequence + 1
}

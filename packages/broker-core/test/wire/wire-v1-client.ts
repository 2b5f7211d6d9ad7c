// A client of the original Go Queue dialect: one connection for each request, as the Go client does it.
import type { Broker } from '../../src/index.ts'

/** Sends one request and gives the whole answer, its length included; with `end` the client stops sending after it. */
export async function exchange(broker: Broker, request: Buffer, options: { end?: boolean } = {}): Promise<Buffer> {
  const wire = broker.connect()
  const chunks: Buffer[] = []
  wire.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise((resolve) => wire.once('close', resolve))
  if (options.end === true) wire.end(request)
  else wire.write(request)
  await ended
  return Buffer.concat(chunks)
}

const int8 = (value: number) => Buffer.from([value])
const int16 = (value: number) => sized(2, (bytes) => bytes.writeInt16BE(value))
const int32 = (value: number) => sized(4, (bytes) => bytes.writeInt32BE(value))
const int64 = (value: number) => sized(8, (bytes) => bytes.writeBigInt64BE(BigInt(value)))
const text = (value: string) => Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])

function sized(bytes: number, write: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(bytes)
  write(buffer)
  return buffer
}

function ask(broker: Broker, type: number, ...body: Buffer[]): Promise<Buffer> {
  return exchange(broker, Buffer.concat([int32(type), int16(1), ...body]))
}

/** Reads an answer field by field, behind its length. */
class Fields {
  private readonly bytes: Buffer
  private position = 4

  constructor(bytes: Buffer) {
    if (bytes.readInt32BE(0) !== bytes.length - 4) throw new Error('the answer has another length than it says')
    this.bytes = bytes
  }

  int16(): number {
    this.position += 2
    return this.bytes.readInt16BE(this.position - 2)
  }

  int32(): number {
    this.position += 4
    return this.bytes.readInt32BE(this.position - 4)
  }

  int64(): number {
    this.position += 8
    return Number(this.bytes.readBigInt64BE(this.position - 8))
  }

  text(length = this.int16()): string {
    this.position += length
    return this.bytes.toString('utf8', this.position - length, this.position)
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.int32() }, read)
  }
}

export async function joinGroup(
  broker: Broker,
  member: { groupId: string; consumerId: string; topics: string[]; sessionTimeoutMs?: number },
) {
  const topics = Buffer.concat([int32(member.topics.length), ...member.topics.map(text)])
  const timeout = int32(member.sessionTimeoutMs ?? 30_000)
  const answer = await ask(broker, 3, text(member.groupId), text(member.consumerId), text('go'), topics, timeout)
  const fields = new Fields(answer)
  const errorCode = fields.int16()
  const generation = fields.int32()
  const [groupId, consumerId, leader] = [fields.text(), fields.text(), fields.text()]
  const members = fields.list(() => [fields.text(), fields.text()])
  const assignment = Object.fromEntries(fields.list(() => [fields.text(), fields.list(() => fields.int32())]))
  return { errorCode, generation, groupId, consumerId, leader, members, assignment }
}

export async function leaveGroup(broker: Broker, groupId: string, consumerId: string): Promise<number> {
  return new Fields(await ask(broker, 4, text(groupId), text(consumerId))).int16()
}

export async function heartbeat(broker: Broker, groupId: string, consumerId: string, generation: number) {
  return new Fields(await ask(broker, 5, text(groupId), text(consumerId), int32(generation))).int16()
}

export async function commitOffset(broker: Broker, groupId: string, topic: string, partition: number, offset: number) {
  const place = [text(groupId), text(topic), int32(partition), int64(offset)]
  return new Fields(await ask(broker, 6, ...place, text('processed'))).int16()
}

export async function fetchOffset(broker: Broker, groupId: string, topic: string, partition: number) {
  const fields = new Fields(await ask(broker, 7, text(groupId), text(topic), int32(partition)))
  return { errorCode: fields.int16(), offset: fields.int64() }
}

export async function produce(broker: Broker, topic: string, partition: number, messages: string[]) {
  const set = Buffer.concat(messages.flatMap((message) => [int32(Buffer.byteLength(message)), Buffer.from(message)]))
  const fields = new Fields(await ask(broker, 0, text(topic), int32(partition), int8(0), int32(set.length), set))
  const baseOffset = fields.int64()
  return { errorCode: fields.int16(), baseOffset }
}

export async function fetch(broker: Broker, topic: string, partition: number, offset: number, maxBytes = 1_048_576) {
  const fields = new Fields(await ask(broker, 1, text(topic), int32(partition), int64(offset), int32(maxBytes)))
  fields.text()
  fields.int32()
  const errorCode = fields.int16()
  const nextOffset = fields.int64()
  return { errorCode, nextOffset, messages: fields.list(() => fields.text(fields.int32())) }
}

// The simplest possible Kafka client: whole frames in and out over one end of a broker's in-process connection.
import type { Duplex } from 'node:stream'
import {
  decodeResponse,
  encodeRequest,
  FrameSplitter,
  readCorrelationId,
  type ApiName,
  type RequestInput,
  type ResponseOf,
} from '@goqueue/protocol'
import type { Broker } from '../../src/index.ts'

/** One connection. Requests may be pipelined; answers are matched by order, which is Kafka's promise. */
export class WireClient {
  readonly wire: Duplex
  private readonly splitter = new FrameSplitter({ maxFrameBytes: 0x7fffffff, minFrameBytes: 4 })
  private readonly waiting: ((frame: Buffer | null) => void)[] = []
  private readonly arrived: Buffer[] = []
  private correlationId = 0
  private hasEnded = false

  constructor(broker: Broker) {
    this.wire = broker.connect()
    this.wire.on('data', (chunk: Buffer) => {
      this.splitter.push(chunk)
      for (let frame = this.splitter.next(); frame !== null; frame = this.splitter.next()) this.deliver(frame)
    })
    this.wire.on('error', () => this.ended())
    this.wire.on('close', () => this.ended())
    this.wire.on('end', () => this.ended())
  }

  /** Sends one request and gives its answer; rejects when the broker closes the connection instead. */
  async request<A extends ApiName>(name: A, version: number, body: RequestInput<A>): Promise<ResponseOf<A>> {
    const correlationId = this.send(name, version, body)
    const frame = await this.frame()
    if (frame === null) throw new Error(`the broker closed the connection instead of answering ${name}`)
    if (readCorrelationId(frame) !== correlationId) throw new Error(`an answer to another request than ${name} came`)
    return decodeResponse(name, version, frame)
  }

  /** Sends one request; its correlation id. */
  send<A extends ApiName>(name: A, version: number, body: RequestInput<A>): number {
    const correlationId = ++this.correlationId
    this.wire.write(encodeRequest(name, version, { correlationId, clientId: 'wire-client' }, body))
    return correlationId
  }

  /** Sends raw bytes. */
  sendRaw(bytes: Buffer): void {
    this.wire.write(bytes)
  }

  /** The next response frame without its size; null when the connection has ended. */
  frame(): Promise<Buffer | null> {
    const first = this.arrived.shift()
    if (first !== undefined) return Promise.resolve(first)
    if (this.hasEnded) return Promise.resolve(null)
    return new Promise((resolve) => this.waiting.push(resolve))
  }

  close(): void {
    this.wire.destroy()
  }

  private deliver(frame: Buffer): void {
    const waiting = this.waiting.shift()
    if (waiting === undefined) this.arrived.push(frame)
    else waiting(frame)
  }

  private ended(): void {
    this.hasEnded = true
    for (const waiting of this.waiting.splice(0)) waiting(null)
  }
}

/** A frame: its size, then `bytes`. */
export function framed(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes.length)
  return Buffer.concat([size, bytes])
}

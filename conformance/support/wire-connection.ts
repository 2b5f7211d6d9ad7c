// The simplest possible Kafka client over TCP: whole frames in and out, answers matched to requests by their order.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  decodeResponse,
  encodeRequest,
  FrameSplitter,
  readCorrelationId,
  type ApiName,
  type RequestInput,
  type ResponseOf,
} from '@goqueue/protocol'
import type { Address } from './broker-process.ts'

/** The connection ended before an answer came: the broker may or may not have done what it was asked. */
export class ConnectionLost extends Error {
  constructor() {
    super('the connection was lost')
  }
}

interface Waiting {
  readonly correlationId: number
  answered(frame: Buffer): void
  lost(): void
}

export class WireConnection {
  private readonly socket: Socket
  private readonly splitter = new FrameSplitter({ maxFrameBytes: 0x7fffffff, minFrameBytes: 4 })
  private readonly waiting: Waiting[] = []
  private correlationId = 0
  private isLost = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.splitter.push(chunk)
      for (let frame = this.splitter.next(); frame !== null; frame = this.splitter.next()) this.deliver(frame)
    })
    socket.on('error', () => {}) // 'close' follows
    socket.on('close', () => {
      this.isLost = true
      for (const { lost } of this.waiting.splice(0)) lost()
    })
  }

  /** Connects. Rejects with ConnectionLost when nobody listens there. */
  static async to(address: Address): Promise<WireConnection> {
    const socket = connect(address)
    await once(socket, 'connect').catch(() => {
      throw new ConnectionLost()
    })
    return new WireConnection(socket)
  }

  /** Sends one request and gives its answer; rejects with ConnectionLost. Requests may be pipelined. */
  request<A extends ApiName>(name: A, version: number, body: RequestInput<A>): Promise<ResponseOf<A>> {
    if (this.isLost) return Promise.reject(new ConnectionLost())
    const correlationId = ++this.correlationId
    return new Promise((resolve, reject) => {
      this.waiting.push({
        correlationId,
        answered: (frame) => resolve(decodeResponse(name, version, frame)),
        lost: () => reject(new ConnectionLost()),
      })
      this.socket.write(encodeRequest(name, version, { correlationId, clientId: 'wire-connection' }, body))
    })
  }

  close(): void {
    this.socket.destroy()
  }

  private deliver(frame: Buffer): void {
    const first = this.waiting.shift()
    if (first === undefined || first.correlationId !== readCorrelationId(frame)) {
      throw new Error('an answer came that no request is waiting for')
    }
    first.answered(frame)
  }
}

// The original Go Queue dialect on one connection: one request without a length, one answer, the end.
import {
  parseWireV1Request,
  WireV1RequestError,
  wireV1ErrorCodeOf,
  wireV1ErrorResponse,
  wireV1TypeOf,
  type DecodeError,
  type WireV1Request,
} from '@goqueue/protocol'
import type { ConnectionContext, Dialect } from '../dialect.ts'
import type { Services } from '../handlers/services.ts'
import { answerWireV1 } from './answer-wire-v1.ts'

const NOT_UNDERSTOOD = 1
const SMALLEST_BUFFER_BYTES = 256

export class WireV1Dialect implements Dialect {
  readonly isOneRequestOnly = true
  private readonly services: Services
  private readonly maxBytes: number
  /** What has arrived, in a buffer that doubles: a request that comes byte by byte costs no more than one that comes whole. */
  private buffer = Buffer.allocUnsafe(SMALLEST_BUFFER_BYTES)
  private length = 0
  private neededBytes = 0
  private request: WireV1Request | null = null

  constructor(services: Services) {
    this.services = services
    // A message set may hold several of the largest messages, and a request little besides.
    this.maxBytes = Math.min(services.settings.socketRequestMaxBytes, 4 * services.settings.messageMaxBytes)
  }

  get pendingBytes(): number {
    return this.request === null ? this.length : 0
  }

  push(chunk: Buffer): void {
    // One request for each connection: what follows it is nobody's.
    if (this.request !== null) return
    const needed = this.length + chunk.length
    if (needed > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.buffer.length))
      this.buffer.copy(grown, 0, 0, this.length)
      this.buffer = grown
    }
    chunk.copy(this.buffer, this.length)
    this.length = needed
  }

  next(): Buffer | null {
    if (this.request !== null || this.length < this.neededBytes) return null
    const bytes = this.buffer.subarray(0, this.length)
    const parsed = parseWireV1Request(bytes, this.maxBytes)
    if (parsed.request === null) {
      this.neededBytes = parsed.neededBytes
      return null
    }
    this.request = parsed.request
    return bytes
  }

  mayRunBeside(): boolean {
    return false
  }

  async answer(frame: Buffer, context: ConnectionContext): Promise<Buffer> {
    if (this.request === null) throw new Error('a request is answered after it has been read')
    const counts = this.services.requests.of('wire-v1')
    counts.requests += 1
    counts.requestBytes += frame.length
    const response = await answerWireV1(this.services, this.request, context)
    counts.responseBytes += response.length
    const errorCode = wireV1ErrorCodeOf(this.request.type, response)
    if (errorCode !== 0) counts.countError(`${errorCode}`)
    return response
  }

  lastWord(error: DecodeError | null): Buffer | null {
    if (this.request !== null) return null
    const type = error instanceof WireV1RequestError ? error.type : wireV1TypeOf(this.buffer.subarray(0, this.length))
    return type === null ? null : wireV1ErrorResponse(type, NOT_UNDERSTOOD)
  }
}

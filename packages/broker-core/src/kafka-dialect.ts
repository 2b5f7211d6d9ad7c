// The Kafka protocol on one connection: frames by size, many requests, no word but to close for what cannot be read.
import { FrameSplitter } from '@goqueue/protocol'
import type { ConnectionContext, Dialect } from './dialect.ts'
import { dispatch, isPipelined } from './dispatch.ts'
import type { Services } from './handlers/services.ts'

/** A request is at least api key, version and correlation id. */
const MIN_REQUEST_BYTES = 8

export class KafkaDialect implements Dialect {
  readonly isOneRequestOnly = false
  private readonly services: Services
  private readonly splitter: FrameSplitter

  constructor(services: Services) {
    this.services = services
    this.splitter = new FrameSplitter({
      maxFrameBytes: services.settings.socketRequestMaxBytes,
      minFrameBytes: MIN_REQUEST_BYTES,
    })
  }

  get pendingBytes(): number {
    return this.splitter.pendingBytes
  }

  push(chunk: Buffer): void {
    this.splitter.push(chunk)
  }

  next(): Buffer | null {
    return this.splitter.next()
  }

  mayRunBeside(before: Buffer, next: Buffer): boolean {
    const apiKey = next.readInt16BE(0)
    return isPipelined(apiKey) && before.readInt16BE(0) === apiKey
  }

  answer(frame: Buffer, context: ConnectionContext): Promise<Buffer | null> {
    return dispatch(this.services, frame, context)
  }

  lastWord(): null {
    return null
  }
}

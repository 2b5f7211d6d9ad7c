// Two ends of a connection inside one process that behave as a socket's do: bytes take a turn of the event loop, and when one is gone, the other learns of it.
import { Duplex } from 'node:stream'

/** What a stream is told when its bytes have been taken. */
type Done = () => void

class End extends Duplex {
  other: End | null = null
  /** Lets the other end write on. */
  private onTaken: Done | null = null

  override _read(): void {
    const taken = this.onTaken
    this.onTaken = null
    taken?.()
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.deliver([chunk], done)
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    this.deliver(
      chunks.map(({ chunk }) => chunk),
      done,
    )
  }

  override _final(done: Done): void {
    setImmediate(() => {
      this.other?.push(null)
      done()
    })
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this._read()
    // Behind what was already sent.
    setImmediate(() => {
      if (this.other?.destroyed === false) this.other.push(null)
    })
    callback(error)
  }

  /** In a turn of its own: two ends that answer each other at once would let no timer ring and no socket be read. */
  private deliver(chunks: readonly Buffer[], done: Done): void {
    setImmediate(() => {
      const { other } = this
      if (other === null || other.destroyed || other.readableEnded) return done()
      other.onTaken = done
      for (const chunk of chunks) other.push(chunk)
    })
  }
}

/**
 * A connected pair: what is written to one is read from the other. The client's end closes itself when the broker has ended;
 * the broker's stays open for a last answer and is ended by its connection.
 */
export function inProcessPair(): { client: Duplex; broker: Duplex } {
  const client = new End()
  const broker = new End()
  client.other = broker
  broker.other = client
  client.once('end', () => client.destroy())
  return { client, broker }
}

// Two ends of a connection inside one process that behave as a socket's do: when one is gone, the other learns of it.
import { duplexPair, type Duplex } from 'node:stream'

/** Lets `other` see the end of the stream when `end` is destroyed, after what was already sent. */
function tie(end: Duplex, other: Duplex): void {
  end.once('close', () => {
    if (!end.writableFinished && !other.destroyed) other.push(null)
  })
}

/**
 * A connected pair: what is written to one is read from the other. The client's end closes itself when the broker has ended;
 * the broker's stays open for a last answer and is ended by its connection.
 */
export function inProcessPair(): { client: Duplex; broker: Duplex } {
  const [client, broker] = duplexPair()
  tie(client, broker)
  tie(broker, client)
  client.once('end', () => client.destroy())
  return { client, broker }
}

// Two ends of a connection inside one process that behave as a socket's do: when one is gone, the other learns of it.
import { duplexPair, type Duplex } from 'node:stream'

/** Lets `other` see the end of the stream when `end` is destroyed, after what was already sent. */
function tie(end: Duplex, other: Duplex): void {
  end.once('close', () => {
    if (!end.writableFinished && !other.destroyed) other.push(null)
  })
  end.once('end', () => end.destroy())
}

/** A connected pair: what is written to one is read from the other. */
export function inProcessPair(): [Duplex, Duplex] {
  const [near, far] = duplexPair()
  tie(near, far)
  tie(far, near)
  return [near, far]
}

// Stands between a client and its broker: answers requests in the broker's place, or lets them wait.
import type { Duplex } from 'node:stream'
import {
  encodeResponse,
  FrameSplitter,
  readRequestBody,
  readRequestHeader,
  type ApiName,
  type RequestOf,
  type ResponseInput,
} from '@goqueue/protocol'

const SIZE_BYTES = 4

/** What becomes of a request: an answer in the broker's place, or 'pass'; a promise lets it, and those behind it, wait. */
type Outcome<A extends ApiName> = ResponseInput<A> | 'pass' | Promise<'pass'>
export type Answers = { [A in ApiName]?: (request: RequestOf<A>) => Outcome<A> }

/** The same wire; `answers` is asked about each request that is written to it. Answers keep the order of their requests. */
export function answeringWire(wire: Duplex, answers: Answers): Duplex {
  const write = wire.write.bind(wire) as (frame: Buffer) => boolean
  const push = wire.push.bind(wire)
  const splitter = new FrameSplitter({ maxFrameBytes: 2 ** 28, minFrameBytes: 4 })
  /** Requests whose answers are to come: from the broker, or these. */
  const order: (Buffer | 'broker')[] = []
  const waiting: Buffer[] = []
  let isWaiting = false

  const forward = (frame: Buffer) => {
    order.push('broker')
    return write(frame)
  }
  const answerFirst = () => {
    while (order[0] instanceof Buffer) push(order.shift() as Buffer)
  }
  wire.push = (chunk: Buffer | null) => {
    if (chunk === null) return push(null)
    splitter.push(chunk)
    for (let frame = splitter.next(); frame !== null; frame = splitter.next()) {
      const size = Buffer.alloc(SIZE_BYTES)
      size.writeInt32BE(frame.length)
      order.shift()
      push(Buffer.concat([size, frame]))
      answerFirst()
    }
    return true
  }
  const take = (frame: Buffer): boolean => {
    const { name, apiVersion, correlationId, body } = readRequestHeader(frame.subarray(SIZE_BYTES))
    const ask = answers[name] as ((request: unknown) => Outcome<ApiName>) | undefined
    const outcome = ask?.(readRequestBody(name, apiVersion, body)) ?? 'pass'
    if (outcome === 'pass') return forward(frame)
    if (outcome instanceof Promise) {
      isWaiting = true
      void outcome.then(() => {
        isWaiting = false
        forward(frame)
        while (!isWaiting && waiting.length > 0) take(waiting.shift()!)
      })
    } else {
      order.push(encodeResponse(name, apiVersion, correlationId, outcome as never))
      setImmediate(answerFirst)
    }
    return true
  }
  wire.write = (frame: Buffer) => {
    if (!isWaiting) return take(frame)
    waiting.push(frame)
    return true
  }
  return wire
}

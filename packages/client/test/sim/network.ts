// The simulated network: requests and answers arrive late, in order, or, when a connection breaks, perhaps not at all.
import type { VirtualRuntime } from '@goqueue/broker-core/testing'
import type { Chance } from './chance.ts'
import type { Answer, Request } from './request.ts'

/** Who is at the other end. */
export interface Listener {
  readonly isUp: boolean
  receive(request: Request, answer: (answer: Answer) => void): void
}

interface Call {
  readonly answered: (answer: Answer | null) => void
  answer: Answer | null
  isSettled: boolean
  timeout: Alarm | null
}

type Alarm = ReturnType<VirtualRuntime['setAlarm']>

const LONGEST_DELAY_MS = 12

/**
 * What a member uses for one purpose: a connection at a time, a new one when that is broken. The broker answers the requests of
 * one connection in the order in which they came, so that one that is held holds up those behind it.
 */
export class Line {
  /** When it was last disturbed, or will be undisturbed again. */
  disturbedUntilMs = -Infinity
  private readonly runtime: VirtualRuntime
  private readonly chance: Chance
  private readonly listener: Listener
  /** Runs what arrives in the event loop of the member. */
  private readonly enter: (arrive: () => void) => void
  private connection: Connection

  constructor(runtime: VirtualRuntime, chance: Chance, listener: Listener, enter: (arrive: () => void) => void) {
    this.runtime = runtime
    this.chance = chance
    this.listener = listener
    this.enter = enter
    this.connection = new Connection()
  }

  /** `answered` is called once: with the answer, or with null when the connection broke or the time was up. */
  send(request: Request, timeoutMs: number, answered: (answer: Answer | null) => void): void {
    const { connection } = this
    const call: Call = { answered, answer: null, isSettled: false, timeout: null }
    connection.calls.add(call)
    this.travel(connection, 'toBrokerMs', () => this.arrive(connection, call, request))
    call.timeout = this.runtime.setAlarm(timeoutMs, () => this.break(connection))
  }

  /** The connection breaks: what is on its way there may still arrive, what is on its way back does not. */
  break(connection = this.connection): void {
    if (connection.isBroken) return
    connection.isBroken = true
    // What a stalled connection still holds is gone: had it arrived seconds after its own retry, nothing in Kafka's protocol
    // would tell the broker that the commit in it is an old one.
    connection.deliversLast = connection.stalledUntilMs <= this.runtime.nowMs() && this.chance.happens(0.5)
    this.disturbedUntilMs = Math.max(this.disturbedUntilMs, this.runtime.nowMs())
    if (connection === this.connection) this.connection = new Connection()
    this.runtime.setAlarm(0, () => {
      for (const call of connection.calls) this.settle(call, null)
    })
  }

  /** Nothing gets through for a while; then everything does, in order. */
  stall(untilMs: number): void {
    this.connection.stalledUntilMs = untilMs
    this.disturbedUntilMs = Math.max(this.disturbedUntilMs, untilMs)
  }

  private arrive(connection: Connection, call: Call, request: Request): void {
    if (connection.isBroken && !connection.deliversLast) return
    if (!this.listener.isUp) {
      this.break(connection)
      return
    }
    connection.unanswered.push(call)
    this.listener.receive(request, (answer) => {
      call.answer = answer
      while (connection.unanswered[0]?.answer != null) {
        const { answer: given } = connection.unanswered[0]
        const first = connection.unanswered.shift()!
        this.travel(connection, 'toMemberMs', () => {
          if (connection.isBroken) return
          connection.calls.delete(first)
          this.settle(first, given)
        })
      }
    })
  }

  private settle(call: Call, answer: Answer | null): void {
    if (call.isSettled) return
    call.isSettled = true
    call.timeout?.cancel()
    this.enter(() => call.answered(answer))
  }

  private travel(connection: Connection, direction: 'toBrokerMs' | 'toMemberMs', arrive: () => void): void {
    const nowMs = this.runtime.nowMs()
    connection[direction] = Math.max(connection[direction], nowMs + this.chance.integer(0, LONGEST_DELAY_MS))
    this.runtime.setAlarm(connection[direction] - nowMs, () => this.getThrough(connection, arrive))
  }

  private getThrough(connection: Connection, arrive: () => void): void {
    const waitMs = connection.stalledUntilMs - this.runtime.nowMs()
    if (waitMs <= 0 || connection.isBroken) arrive()
    else this.runtime.setAlarm(waitMs, () => this.getThrough(connection, arrive))
  }
}

class Connection {
  isBroken = false
  deliversLast = false
  stalledUntilMs = -Infinity
  /** When the last of what travels each way arrives: nothing overtakes it. */
  toBrokerMs = 0
  toMemberMs = 0
  readonly calls = new Set<Call>()
  /** In the order in which they reached the broker. */
  readonly unanswered: Call[] = []
}

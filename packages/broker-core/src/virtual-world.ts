// A broker in memory on a clock that moves only when a test says so, with the lines by which clients in the same process reach it.
import type { Duplex } from 'node:stream'
import { assert } from './assert.ts'
import { openBroker, type Broker } from './broker.ts'
import type { BrokerOptions } from './options.ts'
import { VirtualRuntime } from './virtual-runtime.ts'

/** Turns of the event loop in which everything has happened that needs no time. */
const TURNS = 20
/** How much time a test lets pass for something that it waits for, until it is told that it will not come. */
const PATIENCE_MS = 60 * 60 * 1_000

/** The way of one process to the broker, so that a test can let it crash. */
export interface Line {
  /** Connects: `new Client({ dial: line.dial, runtime: world.runtime })`. Throws once the line is cut. */
  readonly dial: () => Duplex
  /** What a crash does to a process: every connection breaks, none is made any more, and nobody says goodbye. */
  cut(): void
}

/**
 * A whole broker for one test, on virtual time: a session timeout or a week of retention passes in milliseconds. Clients
 * join it with `dial` and `runtime`. Only what waits on this clock and these connections takes part: no file, no socket and
 * no timer of the program under test.
 */
export class VirtualWorld {
  readonly runtime: VirtualRuntime
  private readonly broker: Broker

  private constructor(runtime: VirtualRuntime, broker: Broker) {
    this.runtime = runtime
    this.broker = broker
  }

  /** Opens a broker in memory; `options` are its settings. */
  static async open(options: Omit<BrokerOptions, 'dataDir' | 'memory' | 'runtime'> = {}): Promise<VirtualWorld> {
    const runtime = new VirtualRuntime()
    return new VirtualWorld(runtime, await openBroker({ ...options, memory: true, runtime }))
  }

  /** Connects a client that is never cut off: `new Client({ dial: world.dial, runtime: world.runtime })`. */
  readonly dial = (): Duplex => this.broker.connect()

  /** A way to the broker that can be cut. */
  line(): Line {
    const connections: Duplex[] = []
    let isCut = false
    const dial = () => {
      if (isCut) throw new Error('this line is cut')
      const connection = this.broker.connect()
      connections.push(connection)
      return connection
    }
    const cut = () => {
      isCut = true
      for (const connection of connections) connection.destroy()
    }
    return { dial, cut }
  }

  /** Resolves when everything has happened that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resume) => setImmediate(resume))
  }

  /** Lets this much time pass, in no time: from alarm to alarm, with everything done that each of them starts. */
  async pass(delayMs: number): Promise<void> {
    const endMs = this.runtime.nowMs() + delayMs
    for (await this.settle(); this.runtime.nowMs() < endMs; await this.settle()) this.advanceTo(endMs)
  }

  /** The outcome of a call, with as much time passing as it takes. Throws when an hour is not enough. */
  async run<T>(call: Promise<T>): Promise<T> {
    let isSettled = false
    void call.catch(() => {}).then(() => (isSettled = true))
    await this.wait(() => isSettled, 'nothing settles the call')
    return call
  }

  /** Lets time pass until `condition` is true. Throws when an hour is not enough. */
  async until(condition: () => boolean): Promise<void> {
    await this.wait(condition, 'the condition does not become true')
  }

  /** Closes the clients (or whatever can be closed) that it is given, one after the other, and then the broker. */
  async close(...clients: readonly { close(): Promise<void> }[]): Promise<void> {
    for (const client of clients) await this.run(client.close())
    await this.run(this.broker.close())
  }

  private async wait(isOver: () => boolean, failure: string): Promise<void> {
    const endMs = this.runtime.nowMs() + PATIENCE_MS
    for (await this.settle(); !isOver(); await this.settle()) {
      if (this.runtime.nowMs() >= endMs) throw new Error(`${failure}, however long one waits`)
      this.advanceTo(endMs)
    }
  }

  /** Goes to the next alarm, or to `endMs` when that is nearer. */
  private advanceTo(endMs: number): void {
    const delayMs = Math.min(endMs, this.runtime.nextAlarmMs) - this.runtime.nowMs()
    assert(delayMs >= 0, 'an alarm that is due has rung')
    this.runtime.advance(delayMs)
  }
}

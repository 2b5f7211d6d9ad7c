// A broker in this process and clients of it, all on one virtual clock: waits cost no time, and every deadline is exact.
import type { Duplex } from 'node:stream'
import { openBroker, type Broker, type BrokerOptions } from '@goqueue/broker-core'
import { VirtualRuntime } from '@goqueue/broker-core/testing'
import type { ApiName } from '@goqueue/protocol'
import { Client, type ClientOptions } from '../src/index.ts'
import { watchedWire } from './watched-wire.ts'

/** Rounds of the event loop in which whatever can happen without time passing has happened. */
const ROUNDS = 12

export class World {
  readonly runtime: VirtualRuntime
  readonly broker: Broker
  /** Every wire dialled and not yet cut. */
  readonly wires = new Set<Duplex>()
  /** Whether the broker can be reached. */
  isReachable = true
  private readonly clients: Client[] = []
  private readonly rounds: number

  private constructor(runtime: VirtualRuntime, broker: Broker, rounds: number) {
    this.runtime = runtime
    this.broker = broker
    this.rounds = rounds
  }

  /** A test that asks for exact times of what takes many requests one after another needs more `rounds` of the event loop. */
  static async open(
    options: BrokerOptions & { readonly seed?: number; readonly rounds?: number } = {},
  ): Promise<World> {
    const { seed = 1, rounds = ROUNDS, ...brokerOptions } = options
    const runtime = new VirtualRuntime({ seed })
    return new World(runtime, await openBroker({ memory: true, runtime, ...brokerOptions }), rounds)
  }

  client(options: ClientOptions = {}): Client {
    const client = new Client({ dial: () => this.dial(), runtime: this.runtime, timeoutMs: 5_000, ...options })
    this.clients.push(client)
    return client
  }

  /**
   * A client in a process that can be killed: its connections break and it makes no others. `sent` is called with the name of
   * each request at the instant at which it is sent and, time standing still on the way, heard.
   */
  mortalClient(
    options: ClientOptions = {},
    sent: (name: ApiName) => void = () => {},
  ): { readonly client: Client; kill(): void } {
    const wires: Duplex[] = []
    let isDead = false
    const dial = () => {
      if (isDead) throw new Error('killed')
      const wire = watchedWire(this.dial(), sent)
      wires.push(wire)
      return wire
    }
    const kill = () => {
      isDead = true
      for (const wire of wires) wire.destroy()
    }
    return { client: this.client({ dial, ...options }), kill }
  }

  dial(): Duplex {
    if (!this.isReachable) throw new Error('the broker cannot be reached')
    const wire = this.broker.connect()
    this.wires.add(wire)
    wire.once('close', () => this.wires.delete(wire))
    return wire
  }

  /** Breaks every connection. */
  cut(): void {
    for (const wire of this.wires) wire.destroy()
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let round = 0; round < this.rounds; round++) await new Promise((resume) => setImmediate(resume))
  }

  /** Lets time pass. */
  async pass(delayMs: number): Promise<void> {
    const endMs = this.runtime.nowMs() + delayMs
    await this.settle()
    while (this.runtime.nowMs() < endMs) {
      const nextMs = Math.min(endMs, this.runtime.nextAlarmMs)
      this.runtime.advance(Math.max(0, nextMs - this.runtime.nowMs()))
      await this.settle()
    }
  }

  /** The promise's outcome, letting as much time pass as it needs; fails after an hour of it. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = () => (isSettled = true)
    promise.then(settled, settled)
    const endMs = this.runtime.nowMs() + 3_600_000
    for (await this.settle(); !isSettled; await this.settle()) {
      const nextMs = this.runtime.nextAlarmMs
      if (nextMs > endMs) throw new Error('nothing settles the promise, however long one waits')
      this.runtime.advance(nextMs - this.runtime.nowMs())
    }
    return promise
  }

  /** Lets time pass until the condition holds; gives how long that took. */
  async until(condition: () => boolean): Promise<number> {
    const startMs = this.runtime.nowMs()
    for (await this.settle(); !condition(); await this.settle()) {
      const nextMs = this.runtime.nextAlarmMs
      if (nextMs > startMs + 3_600_000) throw new Error('the condition never holds')
      this.runtime.advance(nextMs - this.runtime.nowMs())
    }
    return this.runtime.nowMs() - startMs
  }

  async close(): Promise<void> {
    this.isReachable = true
    await this.run(Promise.allSettled(this.clients.map((client) => client.close())))
    await this.run(this.broker.close())
  }
}

// A broker in this process and the clients of one test, on a clock that moves only when the test says so.
import type { Duplex } from 'node:stream'
import { openBroker, type Broker, type BrokerOptions } from '@goqueue/broker-core'
import { VirtualRuntime } from '@goqueue/broker-core/testing'
import { Client } from '@goqueue/client'

/** Turns of the event loop in which everything has happened that needs no time. */
const TURNS = 20
/** No call takes longer than this, unless nothing will ever settle it. */
const PATIENCE_MS = 60 * 60 * 1_000

export interface TestClient {
  readonly client: Client
  /** What a crash does to its process: every connection breaks, and nobody says goodbye. */
  crash(): void
}

export class VirtualWorld {
  private readonly runtime: VirtualRuntime
  private readonly broker: Broker
  private readonly clients: Client[] = []

  private constructor(runtime: VirtualRuntime, broker: Broker) {
    this.runtime = runtime
    this.broker = broker
  }

  static async open(options: BrokerOptions = {}): Promise<VirtualWorld> {
    const runtime = new VirtualRuntime()
    return new VirtualWorld(runtime, await openBroker({ memory: true, runtime, ...options }))
  }

  client(): TestClient {
    const wires: Duplex[] = []
    let hasCrashed = false
    const dial = () => {
      if (hasCrashed) throw new Error('this client has crashed')
      const wire = this.broker.connect()
      wires.push(wire)
      return wire
    }
    const client = new Client({ dial, runtime: this.runtime })
    this.clients.push(client)
    const crash = () => {
      hasCrashed = true
      for (const wire of wires) wire.destroy()
    }
    return { client, crash }
  }

  /** Lets this much time pass, in no time: from alarm to alarm, with everything done that each of them starts. */
  async pass(delayMs: number): Promise<void> {
    const endMs = this.runtime.nowMs() + delayMs
    for (await this.settle(); this.runtime.nowMs() < endMs; await this.settle()) {
      const nextMs = Math.min(endMs, this.runtime.nextAlarmMs)
      this.runtime.advance(nextMs - this.runtime.nowMs())
    }
  }

  /** The outcome of a call, with as much time passing as it takes. */
  async outcome<T>(call: Promise<T>): Promise<T> {
    let isSettled = false
    void call.catch(() => {}).then(() => (isSettled = true))
    const endMs = this.runtime.nowMs() + PATIENCE_MS
    for (await this.settle(); !isSettled; await this.pass(100)) {
      if (this.runtime.nowMs() > endMs) throw new Error('nothing settles the call, however long one waits')
    }
    return call
  }

  async close(): Promise<void> {
    await this.outcome(Promise.all(this.clients.map((client) => client.close())))
    await this.outcome(this.broker.close())
  }

  private async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resume) => setImmediate(resume))
  }
}

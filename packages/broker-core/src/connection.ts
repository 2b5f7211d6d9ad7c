// One client's connection: cuts frames, has them answered, and replies in the order in which they came.
import type { Duplex } from 'node:stream'
import { DecodeError, dialectOf, type DialectName } from '@goqueue/protocol'
import type { BrokerSettings } from './broker-defaults.ts'
import type { BrokerEvent } from './broker-event.ts'
import type { ConnectionEnd } from './connection-counts.ts'
import type { ConnectionContext, Dialect } from './dialect.ts'
import type { RequestBudget, RequestHolder } from './request-budget.ts'
import type { Alarm, Runtime } from './runtime.ts'
import type { UnsentBytes } from './unsent-bytes.ts'

/** Above this many unsent bytes no further request is started. */
const MAX_UNSENT_BYTES = 1_048_576

export interface ConnectionOptions {
  readonly settings: BrokerSettings
  readonly runtime: Runtime
  readonly budget: RequestBudget
  readonly unsent: UnsentBytes
  readonly peer: {
    readonly remoteAddress: string
    readonly advertised: { readonly host: string; readonly port: number }
  }
  /** Makes the dialect that the first bytes name. */
  readonly speak: (name: DialectName) => Dialect
  readonly report: (event: BrokerEvent) => void
  readonly onClosed: (connection: Connection, end: ConnectionEnd) => void
}

/** A request under way; answered ones wait here for those before them. */
interface Pending {
  readonly frame: Buffer
  response: Buffer | null | undefined
}

export class Connection implements RequestHolder {
  private readonly wire: Duplex
  private readonly options: ConnectionOptions
  /** Null until the first bytes have told which it is; they wait in `opening`. */
  private dialect: Dialect | null = null
  private opening: Buffer = Buffer.alloc(0)
  private readonly closed = new AbortController()
  private readonly context: ConnectionContext
  private readonly pending: Pending[] = []
  /** A whole frame that may not be started yet. */
  private next: Buffer | null = null
  private isEnded = false
  private isDraining = false
  private drained: (() => void) | null = null
  private unfinishedSinceMs = Infinity
  private unsentSinceMs = Infinity
  /** What of `unsent` is this connection's. */
  private unsentBytes = 0
  private lastActivityMs: number
  private alarm: Alarm | null = null
  private alarmMs = Infinity

  constructor(wire: Duplex, options: ConnectionOptions) {
    this.wire = wire
    this.options = options
    this.lastActivityMs = options.runtime.nowMs()
    const { remoteAddress, advertised } = options.peer
    this.context = { clientHost: `/${remoteAddress}`, advertised, closed: this.closed.signal }
    options.budget.add(this)
    wire.on('data', (chunk: Buffer) => this.receive(chunk))
    wire.on('drain', () => this.sent())
    wire.on('end', () => this.peerEnded())
    wire.on('error', () => this.end(null))
    wire.on('close', () => this.wireClosed())
    this.watch()
  }

  get waitingBytes(): number {
    return this.unfinishedBytes + (this.next?.length ?? 0)
  }

  /** Bytes that arrived and make no whole request yet. */
  private get unfinishedBytes(): number {
    return this.opening.length + (this.dialect?.pendingBytes ?? 0)
  }

  /** Whether the peer sends faster than it is answered, or takes no answers: it is not read from. */
  get isHeldBack(): boolean {
    return this.next !== null
  }

  evict(reason: string): void {
    this.end(reason, 'evicted')
  }

  /** Starts nothing more; resolves when what is under way has been answered, or the connection ended. */
  drain(): Promise<void> {
    this.isDraining = true
    if (this.isEnded || this.pending.length === 0) return Promise.resolve()
    return new Promise((resolve) => (this.drained = resolve))
  }

  /** Ends the connection, gracefully after what was sent; `reason` is reported where it is the peer's fault or the broker's decision. */
  end(reason: string | null, end: ConnectionEnd = 'closed', isGraceful = reason === null): void {
    if (this.isEnded) return
    this.isEnded = true
    const { budget, report, onClosed, peer } = this.options
    if (reason !== null) {
      const message = `connection from ${peer.remoteAddress} closed: ${reason}`
      report({ kind: 'connection-closed', level: 'warn', message, remoteAddress: peer.remoteAddress })
    }
    this.alarm?.cancel()
    budget.remove(this)
    budget.release(this.waitingBytes)
    // What is under way keeps its bytes until it is done: they are still in memory.
    this.closed.abort()
    if (isGraceful) this.endWire()
    else this.wire.destroy()
    this.drained?.()
    onClosed(this, end)
  }

  /** Once the last answers are out, or were not taken in time, the wire is gone, whether or not the peer closes its side. */
  private endWire(): void {
    if (this.wire.destroyed) return
    const { runtime, settings } = this.options
    const alarm = runtime.setAlarm(settings.responseDepartureTimeoutMs, () => this.wire.destroy())
    this.wire.end(() => {
      alarm.cancel()
      this.wire.destroy()
    })
  }

  private receive(chunk: Buffer): void {
    if (this.isEnded) return
    this.lastActivityMs = this.options.runtime.nowMs()
    const before = this.unfinishedBytes
    this.take(chunk)
    // Not the chunk's length: what follows the one request of a wire-v1 connection is dropped.
    this.options.budget.hold(this.unfinishedBytes - before)
    this.advance()
  }

  private take(chunk: Buffer): void {
    if (this.dialect !== null) return this.dialect.push(chunk)
    const start = Buffer.concat([this.opening, chunk])
    const name = dialectOf(start)
    if (name === null) {
      this.opening = start
      return
    }
    this.dialect = this.options.speak(name)
    this.dialect.push(start)
    this.opening = Buffer.alloc(0)
  }

  /** The peer sends nothing more: the one request of a wire-v1 connection is still answered, finished or not. */
  private peerEnded(): void {
    if (this.isEnded) return
    if (this.pending.length === 0) this.send(this.dialect?.lastWord(null) ?? null)
    else if (this.dialect?.isOneRequestOnly === true) return
    this.end(null)
  }

  private send(bytes: Buffer | null): void {
    if (bytes === null) return
    this.wire.write(bytes)
    // What a wire takes without a word is no burden; of the rest it says when it is gone.
    if (this.wire.writableNeedDrain) this.noteUnsent(this.wire.writableLength)
  }

  /** An answer counts until the wire has taken all: it stays whole in memory for so long. */
  private noteUnsent(bytes: number): void {
    this.options.unsent.change(bytes - this.unsentBytes)
    this.unsentBytes = bytes
  }

  private wireClosed(): void {
    this.end(null)
    this.noteUnsent(0)
  }

  private sent(): void {
    this.unsentSinceMs = Infinity
    this.noteUnsent(0)
    this.advance()
  }

  /** Starts every request that may be started, then reads on or pauses. */
  private advance(): void {
    while (!this.isEnded && !this.isDraining) {
      if (this.next === null && !this.cut()) break
      if (this.next === null || !this.mayStart(this.next)) break
      const frame = this.next
      this.next = null
      this.start(frame)
    }
    if (this.isEnded) return
    if (this.next !== null || this.isDraining) this.wire.pause()
    else if (this.wire.isPaused()) this.readOn()
    this.watch()
  }

  /** Until now the peer could not have sent the rest: its time for that starts anew. */
  private readOn(): void {
    if (this.unfinishedSinceMs !== Infinity) this.unfinishedSinceMs = this.options.runtime.nowMs()
    this.wire.resume()
  }

  /** Takes the next whole frame from what arrived; false when the connection had to be ended. */
  private cut(): boolean {
    const before = this.unfinishedBytes
    try {
      this.next = this.dialect?.next() ?? null
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.options.budget.release(before - this.unfinishedBytes)
      this.fail(error)
      return false
    }
    const after = this.unfinishedBytes
    // The size itself is not held; the frame is, until it has been answered.
    this.options.budget.release(before - after - (this.next?.length ?? 0))
    if (after === 0) this.unfinishedSinceMs = Infinity
    else if (this.next !== null || this.unfinishedSinceMs === Infinity) this.unfinishedSinceMs = this.lastActivityMs
    return true
  }

  private mayStart(frame: Buffer): boolean {
    if (this.wire.writableLength > MAX_UNSENT_BYTES) return false
    const last = this.pending.at(-1)
    if (last === undefined) return true
    const isBesides = this.dialect?.mayRunBeside(last.frame, frame) === true
    return isBesides && this.pending.length < this.options.settings.maxInFlightRequestsPerConnection
  }

  private start(frame: Buffer): void {
    if (this.dialect === null) return
    const request: Pending = { frame, response: undefined }
    this.pending.push(request)
    this.dialect.answer(frame, this.context).then(
      (response) => {
        request.response = response
        this.options.budget.release(frame.length)
        this.reply()
      },
      (error: unknown) => {
        this.options.budget.release(frame.length)
        this.fail(error)
      },
    )
  }

  private reply(): void {
    if (this.isEnded) return
    // Answers that were waiting for this one leave together with it.
    const isSeveral = this.pending.length > 1
    if (isSeveral) this.wire.cork()
    for (let first = this.pending[0]; first !== undefined && first.response !== undefined; first = this.pending[0]) {
      this.pending.shift()
      this.send(first.response)
    }
    if (isSeveral) this.wire.uncork()
    if (this.dialect?.isOneRequestOnly === true) return this.end(null)
    const nowMs = this.options.runtime.nowMs()
    this.lastActivityMs = nowMs
    if (this.wire.writableNeedDrain && this.unsentSinceMs === Infinity) this.unsentSinceMs = nowMs
    if (this.pending.length === 0) this.drained?.()
    this.advance()
  }

  private fail(error: unknown): void {
    if (error instanceof DecodeError) {
      const lastWord = this.dialect?.lastWord(error) ?? null
      this.send(lastWord)
      return this.end(error.message, 'malformed', lastWord !== null)
    }
    const { report, peer } = this.options
    report({
      kind: 'request-failed',
      level: 'error',
      message: `a request from ${peer.remoteAddress} failed: ${error instanceof Error ? error.message : String(error)}`,
      error,
    })
    this.end('its request failed', 'failed')
  }

  /** Keeps one alarm at the earliest deadline; a deadline that moved later is found out when the alarm rings. */
  private watch(): void {
    if (this.isEnded) return
    const deadlineMs = this.deadlineMs()
    if (deadlineMs >= this.alarmMs) return
    this.alarm?.cancel()
    this.alarmMs = deadlineMs
    this.alarm = this.options.runtime.setAlarm(deadlineMs - this.options.runtime.nowMs(), () => {
      this.alarmMs = Infinity
      const nowMs = this.options.runtime.nowMs()
      if (this.deadlineMs() > nowMs) return this.watch()
      const reason = this.overdueReason(nowMs)
      this.end(reason, reason === null ? 'idle' : 'late')
    })
  }

  /** When the rest of a request must be here; Infinity while the connection is not read from. */
  private get arrivalDeadlineMs(): number {
    return this.next === null ? this.unfinishedSinceMs + this.options.settings.requestArrivalTimeoutMs : Infinity
  }

  private deadlineMs(): number {
    const { responseDepartureTimeoutMs, connectionsMaxIdleMs } = this.options.settings
    return Math.min(
      this.arrivalDeadlineMs,
      this.unsentSinceMs + responseDepartureTimeoutMs,
      this.pending.length > 0 ? Infinity : this.lastActivityMs + connectionsMaxIdleMs,
    )
  }

  /** What the peer has failed to do in time; null when it was merely idle. */
  private overdueReason(nowMs: number): string | null {
    const { requestArrivalTimeoutMs, responseDepartureTimeoutMs } = this.options.settings
    if (this.arrivalDeadlineMs <= nowMs) {
      return `a request did not arrive whole within ${requestArrivalTimeoutMs} ms`
    }
    if (this.unsentSinceMs + responseDepartureTimeoutMs <= nowMs) {
      return `a response was not taken within ${responseDepartureTimeoutMs} ms`
    }
    return null
  }
}

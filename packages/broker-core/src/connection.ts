// One client's connection: cuts frames, has them answered, and replies in the order in which they came.
import type { Duplex } from 'node:stream'
import { DecodeError, FrameSplitter } from '@goqueue/protocol'
import type { BrokerSettings } from './broker-defaults.ts'
import type { BrokerEvent } from './broker-event.ts'
import { isPipelined, type ConnectionContext } from './dispatch.ts'
import type { RequestBudget, RequestHolder } from './request-budget.ts'
import type { Alarm, Runtime } from './runtime.ts'

/** A request is at least api key, version and correlation id. */
const MIN_REQUEST_BYTES = 8
/** Above this many unsent bytes no further request is started. */
const MAX_UNSENT_BYTES = 1_048_576

export interface ConnectionOptions {
  readonly settings: BrokerSettings
  readonly runtime: Runtime
  readonly budget: RequestBudget
  readonly peer: {
    readonly remoteAddress: string
    readonly advertised: { readonly host: string; readonly port: number }
  }
  /** Answers one frame; a rejection ends this connection only. */
  readonly answer: (frame: Buffer, context: ConnectionContext) => Promise<Buffer | null>
  readonly report: (event: BrokerEvent) => void
  readonly onClosed: (connection: Connection) => void
}

/** A request under way; answered ones wait here for those before them. */
interface Pending {
  readonly apiKey: number
  readonly bytes: number
  response: Buffer | null | undefined
}

export class Connection implements RequestHolder {
  private readonly wire: Duplex
  private readonly options: ConnectionOptions
  private readonly splitter: FrameSplitter
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
  private lastActivityMs: number
  private alarm: Alarm | null = null
  private alarmMs = Infinity

  constructor(wire: Duplex, options: ConnectionOptions) {
    this.wire = wire
    this.options = options
    this.lastActivityMs = options.runtime.nowMs()
    const { remoteAddress, advertised } = options.peer
    this.context = { clientHost: `/${remoteAddress}`, advertised, closed: this.closed.signal }
    this.splitter = new FrameSplitter({
      maxFrameBytes: options.settings.socketRequestMaxBytes,
      minFrameBytes: MIN_REQUEST_BYTES,
    })
    options.budget.add(this)
    wire.on('data', (chunk: Buffer) => this.receive(chunk))
    wire.on('drain', () => this.sent())
    wire.on('end', () => this.end(null))
    wire.on('error', () => this.end(null))
    wire.on('close', () => this.end(null))
    this.watch()
  }

  get unfinishedBytes(): number {
    return this.splitter.pendingBytes
  }

  evict(reason: string): void {
    this.end(reason)
  }

  /** Starts nothing more; resolves when what is under way has been answered, or the connection ended. */
  drain(): Promise<void> {
    this.isDraining = true
    if (this.isEnded || this.pending.length === 0) return Promise.resolve()
    return new Promise((resolve) => (this.drained = resolve))
  }

  /** Ends the connection; `reason` is reported where it is the peer's fault or the broker's decision. */
  end(reason: string | null): void {
    if (this.isEnded) return
    this.isEnded = true
    const { budget, report, onClosed, peer } = this.options
    if (reason !== null) {
      const message = `connection from ${peer.remoteAddress} closed: ${reason}`
      report({ kind: 'connection-closed', level: 'warn', message, remoteAddress: peer.remoteAddress })
    }
    this.alarm?.cancel()
    budget.remove(this)
    budget.release(this.splitter.pendingBytes + (this.next?.length ?? 0))
    // What is under way keeps its bytes until it is done: they are still in memory.
    this.closed.abort()
    // A peer that never closes its side must not keep the socket: once the answers are out, it is gone.
    if (reason === null) this.wire.end(() => this.wire.destroy())
    else this.wire.destroy()
    this.drained?.()
    onClosed(this)
  }

  private receive(chunk: Buffer): void {
    if (this.isEnded) return
    this.lastActivityMs = this.options.runtime.nowMs()
    this.splitter.push(chunk)
    this.options.budget.hold(chunk.length)
    this.advance()
  }

  private sent(): void {
    this.unsentSinceMs = Infinity
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
    else if (this.wire.isPaused()) this.wire.resume()
    this.watch()
  }

  /** Takes the next whole frame from what arrived; false when the connection had to be ended. */
  private cut(): boolean {
    const before = this.splitter.pendingBytes
    try {
      this.next = this.splitter.next()
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.end(error.message)
      return false
    }
    const after = this.splitter.pendingBytes
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
    const apiKey = frame.readInt16BE(0)
    const isSameKind = isPipelined(apiKey) && last.apiKey === apiKey
    return isSameKind && this.pending.length < this.options.settings.maxInFlightRequestsPerConnection
  }

  private start(frame: Buffer): void {
    const request: Pending = { apiKey: frame.readInt16BE(0), bytes: frame.length, response: undefined }
    this.pending.push(request)
    this.options.answer(frame, this.context).then(
      (response) => {
        request.response = response
        this.options.budget.release(request.bytes)
        this.reply()
      },
      (error: unknown) => {
        this.options.budget.release(request.bytes)
        this.fail(error)
      },
    )
  }

  private reply(): void {
    if (this.isEnded) return
    this.wire.cork()
    for (let first = this.pending[0]; first !== undefined && first.response !== undefined; first = this.pending[0]) {
      this.pending.shift()
      if (first.response !== null) this.wire.write(first.response)
    }
    this.wire.uncork()
    const nowMs = this.options.runtime.nowMs()
    this.lastActivityMs = nowMs
    if (this.wire.writableNeedDrain && this.unsentSinceMs === Infinity) this.unsentSinceMs = nowMs
    if (this.pending.length === 0) this.drained?.()
    this.advance()
  }

  private fail(error: unknown): void {
    if (error instanceof DecodeError) return this.end(error.message)
    const { report, peer } = this.options
    report({
      kind: 'request-failed',
      level: 'error',
      message: `a request from ${peer.remoteAddress} failed: ${error instanceof Error ? error.message : String(error)}`,
      error,
    })
    this.end('its request failed')
  }

  /** Keeps one alarm at the earliest deadline; a deadline that moved later is found out when the alarm rings. */
  private watch(): void {
    if (this.isEnded) return
    const deadlineMs = this.deadline().atMs
    if (deadlineMs >= this.alarmMs) return
    this.alarm?.cancel()
    this.alarmMs = deadlineMs
    this.alarm = this.options.runtime.setAlarm(deadlineMs - this.options.runtime.nowMs(), () => {
      this.alarmMs = Infinity
      const { atMs, reason } = this.deadline()
      if (atMs <= this.options.runtime.nowMs()) this.end(reason)
      else this.watch()
    })
  }

  private deadline(): { atMs: number; reason: string | null } {
    const { requestArrivalTimeoutMs, responseDepartureTimeoutMs, connectionsMaxIdleMs } = this.options.settings
    const arrivalMs = this.unfinishedSinceMs + requestArrivalTimeoutMs
    const departureMs = this.unsentSinceMs + responseDepartureTimeoutMs
    const idleMs = this.pending.length > 0 ? Infinity : this.lastActivityMs + connectionsMaxIdleMs
    const atMs = Math.min(arrivalMs, departureMs, idleMs)
    if (atMs === arrivalMs)
      return { atMs, reason: `a request did not arrive whole within ${requestArrivalTimeoutMs} ms` }
    if (atMs === departureMs)
      return { atMs, reason: `a response was not taken within ${responseDepartureTimeoutMs} ms` }
    return { atMs, reason: null }
  }
}

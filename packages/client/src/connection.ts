// One connection to one broker: dialled, its API versions agreed, requests pipelined, answers matched in order.
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  apis,
  decode,
  decodeResponse,
  DecodeError,
  EncodeError,
  encodeRequest,
  FrameSplitter,
  readCorrelationId,
  type ApiName,
  type Range,
  type RequestInput,
  type ResponseOf,
} from '@goqueue/protocol'
import { diagnostics } from './diagnostics.ts'
import {
  ClosedError,
  ConnectionError,
  GoQueueError,
  KafkaError,
  malformedAnswer,
  RequestTimeoutError,
} from './errors.ts'
import type { Alarm, Runtime } from './runtime.ts'
import { Deferred, orAborted } from './waiting.ts'

/** Where a broker listens. */
export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

/** Makes the wire to a broker; an in-process broker may ignore the address. */
export type Dial = (address: BrokerAddress) => Duplex | Promise<Duplex>

export interface ConnectionOptions {
  readonly address: BrokerAddress
  readonly dial: Dial
  readonly clientId: string
  readonly runtime: Runtime
  /** For dialling and agreeing on versions together, and for any request that names no time of its own. */
  readonly timeoutMs: number
  /** What the connection is for, as the diagnostics channel shows it. */
  readonly purpose: string
}

export interface RequestOptions {
  /** How long the answer may take before the connection is given up. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** For a caller that can express its request only up to a version. */
  readonly maxVersion?: number | undefined
}

/** A request body, or how to make one when its shape depends on the version agreed. */
export type RequestBody<A extends ApiName> = RequestInput<A> | ((version: number) => RequestInput<A>)

/** An answer larger than this cannot be honest: Kafka's own limit for a request (row N1, N22). */
const MAX_RESPONSE_BYTES = 100 * 1024 * 1024
/** The ApiVersions version tried first: every broker since Kafka 2.4 knows it, and older ones answer in v0 (KIP-511). */
const FIRST_API_VERSIONS = 3
/** Brokers take only `[a-zA-Z0-9](...)` here (KIP-511). */
const SOFTWARE = { clientSoftwareName: 'goqueue', clientSoftwareVersion: '1' }
/** Record batches of format v2 start here; what is older is never sent. */
const FLOORS: Partial<Record<ApiName, number>> = { Produce: 3, Fetch: 4, ListOffsets: 1 }

interface PendingRequest {
  readonly correlationId: number
  readonly name: ApiName
  readonly deadlineMs: number
  readonly answer: (frame: Buffer) => void
  readonly reject: (error: Error) => void
}

/** Dials TCP; the default of `dial`. */
export const dialTcp: Dial = (address) => {
  const socket = connect({ host: address.host, port: address.port })
  socket.setNoDelay(true)
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.removeListener('error', reject)
      resolve(socket)
    })
  })
}

/** The versions of each API that this client can speak. */
const OWN_VERSIONS = Object.fromEntries(
  Object.entries(apis).map(([name, { request, response, versions }]) => [
    name,
    {
      min: Math.max(request.versions.min, response.versions.min, versions.min, FLOORS[name as ApiName] ?? 0),
      max: Math.min(request.versions.max, response.versions.max, versions.max),
    },
  ]),
) as Readonly<Record<ApiName, Range>>

/** A connection that is ready for requests. Made by `Connection.open`. */
export class Connection {
  readonly address: BrokerAddress
  private readonly options: ConnectionOptions
  private readonly duplex: Duplex
  private readonly splitter = new FrameSplitter({ maxFrameBytes: MAX_RESPONSE_BYTES, minFrameBytes: 4 })
  private readonly versions = new Map<number, Range>()
  private pending: PendingRequest[] = []
  private readonly outgoing: Buffer[] = []
  private drained: Deferred<void> | null = null
  private isCorked = false
  private nextCorrelationId = 0
  private alarm: Alarm | null = null
  private alarmAtMs = Infinity
  private failure: Error | null = null
  private readonly closeListeners: (() => void)[] = []

  private constructor(options: ConnectionOptions, duplex: Duplex) {
    this.address = options.address
    this.options = options
    this.duplex = duplex
    duplex.on('data', (chunk: Buffer) => this.receive(chunk))
    duplex.on('drain', () => this.flush())
    duplex.on('error', (error: Error) => this.fail(this.broken(error.message, error)))
    duplex.on('end', () => this.fail(this.broken('the broker closed the connection')))
    duplex.on('close', () => this.fail(this.broken('the connection was closed')))
  }

  /**
   * Dials and agrees on versions within `timeoutMs`. Throws ConnectionError when there is no connection,
   * RequestTimeoutError when the broker stays silent, KafkaError when it speaks no ApiVersions that we do.
   */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { host, port } = options.address
    try {
      const startedMs = options.runtime.nowMs()
      const connection = new Connection(options, await dialInTime(options))
      try {
        await connection.agreeOnVersions(options.timeoutMs - (options.runtime.nowMs() - startedMs))
      } catch (error) {
        connection.close()
        throw error
      }
      diagnostics.connection({ state: 'opened', host, port, purpose: options.purpose })
      return connection
    } catch (error) {
      diagnostics.connection({ state: 'failed', host, port, purpose: options.purpose, error })
      if (error instanceof GoQueueError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new ConnectionError(`cannot connect to ${host}:${port}: ${reason}`, error)
    }
  }

  get isOpen(): boolean {
    return this.failure === null && !this.duplex.destroyed
  }

  /** Calls back once, when the connection has broken or was closed. */
  onClose(listener: () => void): void {
    if (this.failure === null) this.closeListeners.push(listener)
    else listener()
  }

  /** The highest version of an API that both ends speak. Throws KafkaError UNSUPPORTED_VERSION when there is none. */
  version(name: ApiName, maxVersion = Infinity): number {
    const own = OWN_VERSIONS[name]
    const theirs = this.versions.get(apis[name].key)
    const version = Math.min(own.max, theirs?.max ?? -1, maxVersion)
    if (version >= own.min && version >= (theirs?.min ?? Infinity)) return version
    const offered = theirs === undefined ? 'does not offer it' : `offers versions ${theirs.min} to ${theirs.max}`
    throw new KafkaError(
      'UNSUPPORTED_VERSION',
      name,
      '',
      `the broker ${this.place} ${offered}, this client speaks ${own.min} to ${own.max}`,
    )
  }

  /** Whether a call of this API can succeed here at all. */
  supports(name: ApiName): boolean {
    const own = OWN_VERSIONS[name]
    const theirs = this.versions.get(apis[name].key)
    return theirs !== undefined && theirs.max >= own.min && theirs.min <= own.max
  }

  /**
   * Sends a request in the highest version that both ends speak, and gives its answer. When none comes in time the
   * connection is closed, because answers carry no name and come in order: what follows could not be told apart.
   */
  request<A extends ApiName>(name: A, body: RequestBody<A>, options: RequestOptions = {}): Promise<ResponseOf<A>> {
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason as Error)
    let version: number
    try {
      version = this.version(name, options.maxVersion)
    } catch (error) {
      return Promise.reject(error as Error)
    }
    const timeoutMs = options.timeoutMs ?? this.options.timeoutMs
    const read = (frame: Buffer) => this.decoded(name, version, frame)
    return orAborted(this.exchange(name, version, body, timeoutMs, read), options.signal)
  }

  /** Sends a request that the broker does not answer (Produce with acks=0); resolves when the wire has taken it. */
  async sendUnanswered<A extends ApiName>(name: A, body: RequestInput<A>): Promise<void> {
    if (this.failure !== null) throw this.failure
    const correlationId = this.nextCorrelationId++
    this.write(this.encoded(name, this.version(name), correlationId, body))
    while (this.failure === null && (this.outgoing.length > 0 || this.duplex.writableNeedDrain)) {
      this.drained ??= new Deferred<void>().quiet()
      await this.drained.promise
    }
    if (this.failure !== null) throw this.failure as Error
  }

  /** Closes the connection; what is unanswered rejects with `reason`. */
  close(reason: Error = new ClosedError(`the connection to ${this.place} was closed by this client`)): void {
    this.fail(reason)
  }

  private get place(): string {
    return `${this.address.host}:${this.address.port}`
  }

  private broken(reason: string, cause?: unknown): ConnectionError {
    return new ConnectionError(`connection to ${this.place}: ${reason}`, cause)
  }

  private async agreeOnVersions(timeoutMs: number): Promise<void> {
    let version = FIRST_API_VERSIONS
    const unread = (answer: Buffer) => answer
    let frame = await this.exchange('ApiVersions', version, SOFTWARE, timeoutMs, unread)
    // A broker that does not know our version answers in v0, whose error code stands where every version's does.
    if (frame.length >= 6 && frame.readInt16BE(4) === 35) {
      const offered = this.decodedAs0(frame).apiKeys.find((api) => api.apiKey === apis.ApiVersions.key)
      version = Math.max(0, Math.min(offered?.maxVersion ?? 0, FIRST_API_VERSIONS - 1))
      frame = await this.exchange('ApiVersions', version, SOFTWARE, timeoutMs, unread)
    }
    const answer = this.decoded('ApiVersions', version, frame)
    if (answer.errorCode !== 'NONE') throw new KafkaError(answer.errorCode, 'ApiVersions')
    for (const api of answer.apiKeys) this.versions.set(api.apiKey, { min: api.minVersion, max: api.maxVersion })
  }

  /** Throws INVALID_ARGUMENT for what no request can say. */
  private encoded<A extends ApiName>(name: A, version: number, correlationId: number, body: RequestInput<A>): Buffer {
    try {
      return encodeRequest(name, version, { correlationId, clientId: this.options.clientId }, body)
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error
      throw new GoQueueError('INVALID_ARGUMENT', error.message, { cause: error })
    }
  }

  /** Sends a request and gives what `read` makes of its answer. */
  private exchange<A extends ApiName, T>(
    name: A,
    version: number,
    body: RequestBody<A>,
    timeoutMs: number,
    read: (frame: Buffer) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.failure !== null) throw this.failure
      const correlationId = this.nextCorrelationId++
      this.nextCorrelationId &= 0x7fffffff
      const value = typeof body === 'function' ? body(version) : body
      const frame = this.encoded(name, version, correlationId, value)
      const deadlineMs = this.options.runtime.nowMs() + timeoutMs
      const answer = (frame: Buffer) => {
        try {
          resolve(read(frame))
        } catch (error) {
          reject(error as Error)
        }
      }
      this.pending.push({ correlationId, name, deadlineMs, answer, reject })
      this.wakeAt(deadlineMs)
      this.write(frame)
    })
  }

  private decoded<A extends ApiName>(name: A, version: number, frame: Buffer): ResponseOf<A> {
    try {
      return decodeResponse(name, version, frame)
    } catch (error) {
      throw this.refuse(name, error)
    }
  }

  private decodedAs0(frame: Buffer): ResponseOf<'ApiVersions'> {
    try {
      return decode(apis.ApiVersions.response, 0, frame.subarray(4))
    } catch (error) {
      throw this.refuse('ApiVersions', error)
    }
  }

  /** An answer that cannot be read costs the connection: nothing that follows on it is to be believed (row N22). */
  private refuse(name: ApiName, error: unknown): Error {
    if (!(error instanceof DecodeError)) return error as Error
    const refusal = malformedAnswer(`the answer of ${this.place} to ${name} is malformed`, error)
    this.fail(this.broken('a malformed answer', error))
    return refusal
  }

  private receive(chunk: Buffer): void {
    if (this.failure !== null) return
    this.splitter.push(chunk)
    try {
      // One answer that cannot be read ends the connection: what stands behind it is not looked at.
      for (let frame = this.splitter.next(); frame !== null && this.isOpen; frame = this.splitter.next()) {
        this.settle(frame)
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.fail(malformedAnswer(`connection to ${this.place}`, error))
    }
  }

  private settle(frame: Buffer): void {
    const request = this.pending.shift()
    const correlationId = readCorrelationId(frame)
    if (request === undefined) throw new DecodeError(`an answer (correlation id ${correlationId}) to no request`)
    if (request.correlationId !== correlationId) {
      this.pending.unshift(request)
      throw new DecodeError(`correlation id ${correlationId} where ${request.correlationId} must come`)
    }
    request.answer(frame)
  }

  private write(frame: Buffer): void {
    if (this.outgoing.length > 0 || this.duplex.writableNeedDrain) {
      this.outgoing.push(frame)
      return
    }
    // What one turn of the event loop asks goes out in one write.
    if (!this.isCorked) {
      this.isCorked = true
      this.duplex.cork()
      process.nextTick(() => {
        this.isCorked = false
        this.duplex.uncork()
      })
    }
    this.duplex.write(frame)
  }

  private flush(): void {
    while (this.outgoing.length > 0 && !this.duplex.writableNeedDrain) this.duplex.write(this.outgoing.shift())
    if (this.outgoing.length > 0) return
    this.drained?.resolve()
    this.drained = null
  }

  private wakeAt(deadlineMs: number): void {
    if (deadlineMs >= this.alarmAtMs) return
    this.alarm?.cancel()
    this.alarmAtMs = deadlineMs
    this.alarm = this.options.runtime.setAlarm(deadlineMs - this.options.runtime.nowMs(), () => this.expire())
  }

  private expire(): void {
    this.alarm = null
    this.alarmAtMs = Infinity
    const nowMs = this.options.runtime.nowMs()
    const late = this.pending.find((request) => request.deadlineMs <= nowMs)
    if (late === undefined) {
      const nextMs = Math.min(...this.pending.map((request) => request.deadlineMs))
      if (nextMs !== Infinity) this.wakeAt(nextMs)
      return
    }
    this.pending.splice(this.pending.indexOf(late), 1)
    late.reject(new RequestTimeoutError(`${late.name}: ${this.place} gave no answer in time`))
    this.fail(this.broken(`closed because ${late.name} was not answered in time`))
  }

  private fail(error: Error): void {
    if (this.failure !== null) return
    this.failure = error
    this.alarm?.cancel()
    this.outgoing.length = 0
    this.drained?.resolve()
    this.duplex.destroy()
    const unanswered = this.pending
    this.pending = []
    for (const request of unanswered) request.reject(error)
    for (const listener of this.closeListeners) listener()
    const { host, port } = this.address
    diagnostics.connection({ state: 'closed', host, port, purpose: this.options.purpose, error })
  }
}

/** The dialled wire, or an error when dialling takes too long; a wire that comes late is dropped. */
function dialInTime(options: ConnectionOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const alarm = options.runtime.setAlarm(options.timeoutMs, () => {
      isLate = true
      reject(new ConnectionError(`${options.address.host}:${options.address.port} did not accept a connection in time`))
    })
    const arrive = (duplex: Duplex) => {
      alarm.cancel()
      if (isLate) duplex.destroy()
      else resolve(duplex)
    }
    new Promise<Duplex>((dialled) => dialled(options.dial(options.address))).then(arrive, (error: Error) => {
      alarm.cancel()
      reject(error)
    })
  })
}

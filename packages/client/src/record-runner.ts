// Handles records by a function of the application: lanes side by side, retries, dead letters, and offsets without gaps.
import { GoQueueError } from './errors.ts'
import type { Fetcher } from './fetcher.ts'
import { OffsetTracker } from './offset-tracker.ts'
import type { WorkInHand } from './ownership.ts'
import type { DerivedSignal, PartitionLane } from './partition-lane.ts'
import type { ConsumerRecord } from './record.ts'
import type { HandlerContext } from './run-options.ts'
import type { Alarm, Runtime } from './runtime.ts'
import { Deferred } from './waiting.ts'

export interface RecordRunnerOptions {
  readonly runtime: Runtime
  readonly fetcher: Fetcher
  readonly concurrency: number
  readonly lanes: 'partition' | 'key'
  /** With lanes by key, about how many bytes of one partition are taken ahead at most. */
  readonly aheadBytes: number
  readonly deadlineMs?: number | undefined
  readonly retry: { readonly maxAttempts: number; readonly backoffMs: number; readonly maxBackoffMs: number }
  /** One attempt at a record. */
  readonly handle: (record: ConsumerRecord, context: HandlerContext) => Promise<void>
  /** Where a record goes that has failed for good, or null: then the run fails. */
  readonly bury: ((record: ConsumerRecord, attempts: number, error: unknown) => Promise<void>) | null
  /** Everything before `offset` is finished. */
  readonly finished: (lane: PartitionLane, offset: number) => void
  /** Sees to it that there is something to read. Throws what keeps the member from reading. */
  readonly ensure: () => void
}

/** With lanes by key, records of one partition that are taken ahead of their turn so that other keys are found. */
const LEAST_AHEAD = 1_000
const AHEAD_PER_HANDLER = 16
/** Handlers that never wait would leave timers and sockets no turn: heartbeats would stop (row I19). */
const STARTS_PER_TURN = 256
/** Beyond them nobody waits: the longest wait is reached, and the numbers stay numbers. */
const MOST_DOUBLINGS = 40
/** What a record takes beside its bytes, roughly. */
const RECORD_OVERHEAD_BYTES = 64

/** Records that are handled one after the other. */
interface WorkLane {
  readonly key: string
  readonly part: PartitionWork
  readonly queue: Entry[]
  /** ready: its first record may start. working: it is in hand. waiting: it is to be tried again. paused: with its partition. */
  state: 'idle' | 'ready' | 'working' | 'waiting' | 'paused'
  alarm: Alarm | null
}

/** A record that was taken. */
interface Entry {
  readonly record: ConsumerRecord
  readonly bytes: number
  readonly tracker: OffsetTracker
  attempts: number
}

/** One partition's share of the work. */
interface PartitionWork {
  readonly lane: PartitionLane
  readonly workLanes: Map<string, WorkLane>
  tracker: OffsetTracker
  /** Records taken and not done, and their bytes. */
  taken: number
  takenBytes: number
  /** The partition is being given up: what is in hand may end, and nothing is begun or tried again. */
  isLeaving: boolean
  /** Handlers at work that are waited for. */
  readonly inHand: Set<Attempt>
  idle: Deferred<void> | null
}

/** One attempt under way; over once it has ended, or is waited for no longer. */
interface Attempt {
  readonly workLane: WorkLane
  readonly entry: Entry
  readonly derived: DerivedSignal | null
  deadline: Alarm | null
  /** How it ended is known: what its handler does from then on changes nothing. */
  isConcluded: boolean
  isOver: boolean
}

/** Runs until it is stopped or fails. Records come from the fetcher, partition by partition in their order. */
export class RecordRunner implements WorkInHand {
  /** Resolves when nothing more is begun; `failure` says why. */
  readonly ended = new Deferred<void>()
  failure: { readonly error: unknown } | null = null
  private readonly options: RecordRunnerOptions
  private readonly parts = new Map<PartitionLane, PartitionWork>()
  /** Lanes that are ready, the newest last; and those before them, the next to begin last: thousands cost no more than one. */
  private ready: WorkLane[] = []
  private line: WorkLane[] = []
  private active = 0
  private startedThisTurn = 0
  private isTurnPlanned = false
  private isStopping = false
  private idle: Deferred<void> | null = null

  constructor(options: RecordRunnerOptions) {
    this.options = options
  }

  start(): void {
    void this.follow()
  }

  /** Begins nothing more. */
  stop(): void {
    if (this.isStopping) return
    this.isStopping = true
    for (const part of this.parts.values()) this.clear(part)
    this.options.fetcher.notify()
    this.ended.resolve()
  }

  /** Resolves when nothing is in hand. */
  async drained(): Promise<void> {
    if (this.active === 0) return
    this.idle ??= new Deferred<void>()
    await this.idle.promise
  }

  /** Ends the run with an error. */
  fail(error: unknown): void {
    if (!this.isStopping) this.failure = { error }
    this.stop()
  }

  /** Where each partition goes on if nothing that is in hand ends well. */
  firstOpen(): Map<PartitionLane, number> {
    const offsets = Array.from(this.parts.values(), ({ lane, tracker }) => [lane, tracker.firstOpen] as const)
    return new Map(offsets.filter((entry): entry is [PartitionLane, number] => entry[1] !== null))
  }

  /** The application reads the partition from another place on: what was taken before counts no more. */
  restart(lane: PartitionLane): void {
    const part = this.parts.get(lane)
    if (part === undefined) return
    this.clear(part)
    part.tracker = new OffsetTracker()
  }

  resume(lane: PartitionLane): void {
    for (const workLane of this.parts.get(lane)?.workLanes.values() ?? []) {
      if (workLane.state === 'paused') this.makeReady(workLane)
    }
    this.pump()
  }

  /** Whether a record of the partition would be taken at once if there were one. */
  wants(lane: PartitionLane): boolean {
    return !this.isStopping && this.active < this.options.concurrency && this.hasRoom(this.parts.get(lane))
  }

  discard(lanes: readonly PartitionLane[]): boolean {
    let isBusy = false
    for (const lane of lanes) {
      const part = this.parts.get(lane)
      if (part === undefined) continue
      this.clear(part)
      part.isLeaving = true
      if (part.inHand.size > 0) isBusy = true
      else this.parts.delete(lane)
    }
    return isBusy
  }

  async settled(lanes: readonly PartitionLane[]): Promise<void> {
    await Promise.all(lanes.map((lane) => this.idleOf(lane)))
  }

  abandon(lanes: readonly PartitionLane[]): void {
    for (const lane of lanes) {
      for (const attempt of this.parts.get(lane)?.inHand ?? []) {
        if (this.over(attempt)) this.forget(attempt.workLane.part, attempt.entry)
      }
      this.parts.delete(lane)
    }
    // Not at once: whoever takes partitions away is not done with that.
    this.options.fetcher.notify()
  }

  abandonAll(): void {
    this.abandon([...this.parts.keys()])
  }

  /** Looks again whenever there may be something new to take. */
  private async follow(): Promise<void> {
    while (!this.isStopping) {
      const changed = this.options.fetcher.changed()
      this.pump()
      await changed
    }
  }

  private pump(): void {
    if (this.isStopping) return
    try {
      this.options.ensure()
      this.options.fetcher.throwFailure()
      while (this.active < this.options.concurrency) {
        if (this.startedThisTurn >= STARTS_PER_TURN) return this.planTurn()
        const next = this.nextToBegin()
        if (next === null) return
        this.begin(next)
      }
    } catch (error) {
      this.fail(error)
    }
  }

  /** A lane whose first record may begin. More is taken only when there is none: what is behind in line was ready earlier. */
  private nextToBegin(): WorkLane | null {
    let hasTaken = false
    for (;;) {
      const next = this.line.pop()
      if (next !== undefined) {
        if (this.mayBegin(next)) return next
      } else if (this.ready.length > 0) {
        this.line = this.ready.reverse()
        this.ready = []
      } else {
        if (hasTaken) return null
        this.takeIn()
        hasTaken = true
      }
    }
  }

  /** False, and no longer in line, where the partition is paused or nothing is left. */
  private mayBegin(workLane: WorkLane): boolean {
    if (workLane.queue.length === 0) this.rest(workLane)
    else if (workLane.part.lane.isPaused) workLane.state = 'paused'
    else return true
    return false
  }

  private planTurn(): void {
    if (this.isTurnPlanned) return
    this.isTurnPlanned = true
    setImmediate(() => {
      this.isTurnPlanned = false
      this.startedThisTurn = 0
      this.pump()
    })
  }

  private takeIn(): void {
    const { fetcher } = this.options
    for (const lane of fetcher.filledLanes()) {
      while (this.hasRoom(this.parts.get(lane))) {
        const record = fetcher.takeFrom(lane)
        if (record === null) break
        this.enqueue(this.partOf(lane), record)
      }
    }
  }

  private hasRoom(part: PartitionWork | undefined): boolean {
    if (part === undefined) return true
    const { lanes, concurrency, aheadBytes } = this.options
    if (part.taken === 0 || lanes === 'partition') return part.taken === 0
    // By key more is taken before its turn, to find other keys, but one partition that stands still must not fill the budget.
    return part.taken < Math.max(LEAST_AHEAD, AHEAD_PER_HANDLER * concurrency) && part.takenBytes < aheadBytes
  }

  private partOf(lane: PartitionLane): PartitionWork {
    let part = this.parts.get(lane)
    if (part === undefined) {
      const none = { taken: 0, takenBytes: 0, inHand: new Set<Attempt>(), idle: null }
      part = { lane, workLanes: new Map(), tracker: new OffsetTracker(), isLeaving: false, ...none }
      this.parts.set(lane, part)
    }
    return part
  }

  private enqueue(part: PartitionWork, record: ConsumerRecord): void {
    const key = this.options.lanes === 'partition' ? '' : laneKey(record)
    let workLane = part.workLanes.get(key)
    if (workLane === undefined) {
      workLane = { key, part, queue: [], state: 'idle', alarm: null }
      part.workLanes.set(key, workLane)
    }
    const bytes = sizeOf(record)
    part.tracker.take(record.offset)
    part.taken += 1
    part.takenBytes += bytes
    this.options.fetcher.hold(bytes)
    workLane.queue.push({ record, bytes, tracker: part.tracker, attempts: 0 })
    if (workLane.state === 'idle') this.makeReady(workLane)
  }

  private makeReady(workLane: WorkLane): void {
    workLane.state = 'ready'
    this.ready.push(workLane)
  }

  /** Starts the first record of a lane. */
  private begin(workLane: WorkLane): void {
    const { part, queue } = workLane
    const entry = queue.shift()!
    entry.attempts += 1
    workLane.state = 'working'
    this.active += 1
    this.startedThisTurn += 1
    const attempt = this.newAttempt(workLane, entry)
    part.inHand.add(attempt)
    const { derived } = attempt
    const record = derived === null ? entry.record : { ...entry.record, signal: derived.signal }
    const ended = (failure: { readonly error: unknown } | null) => {
      // Not before: even one that is waited for no longer must hear of it when its partition goes.
      derived?.release()
      this.concluded(attempt, failure)
    }
    this.options.handle(record, { attempt: entry.attempts }).then(
      () => ended(null),
      (error: unknown) => ended({ error }),
    )
  }

  private newAttempt(workLane: WorkLane, entry: Entry): Attempt {
    const { deadlineMs, runtime } = this.options
    const derived = deadlineMs === undefined ? null : workLane.part.lane.deriveSignal()
    const attempt: Attempt = { workLane, entry, derived, deadline: null, isConcluded: false, isOver: false }
    if (deadlineMs !== undefined) {
      attempt.deadline = runtime.setAlarm(deadlineMs, () => {
        const error = timedOut(entry.record, deadlineMs)
        derived?.abort(error)
        derived?.release()
        this.concluded(attempt, { error })
      })
    }
    return attempt
  }

  /** The attempt holds its place no more. False when that was so already. */
  private over(attempt: Attempt): boolean {
    if (attempt.isOver) return false
    attempt.isOver = true
    attempt.deadline?.cancel()
    const { part } = attempt.workLane
    part.inHand.delete(attempt)
    this.active -= 1
    if (part.inHand.size === 0) part.idle = settle(part.idle)
    if (this.active === 0) this.idle = settle(this.idle)
    return true
  }

  private concluded(attempt: Attempt, failure: { readonly error: unknown } | null): void {
    if (attempt.isOver || attempt.isConcluded) return
    attempt.isConcluded = true
    attempt.deadline?.cancel()
    const { workLane, entry } = attempt
    const { lane, tracker, isLeaving } = workLane.part
    const isOurs = !lane.signal.aborted && entry.tracker === tracker
    const mayRetry = entry.attempts < this.options.retry.maxAttempts && isWorthRetrying(failure?.error)
    if (failure === null) this.finish(attempt)
    else if (!isOurs || this.isStopping) this.letGo(attempt)
    else if (mayRetry) {
      if (isLeaving) this.letGo(attempt)
      else this.putOff(attempt)
    } else if (this.options.bury === null) this.giveUp(attempt, handlerFailed(entry, failure.error))
    else void this.bury(attempt, failure.error)
  }

  private finish(attempt: Attempt): void {
    const { entry, workLane } = attempt
    const next = entry.tracker.finish(entry.record.offset)
    if (next !== null && entry.tracker === workLane.part.tracker) this.options.finished(workLane.part.lane, next)
    this.letGo(attempt)
  }

  private letGo(attempt: Attempt): void {
    if (!this.over(attempt)) return
    const { entry, workLane } = attempt
    this.forget(workLane.part, entry)
    this.goOn(workLane)
  }

  private giveUp(attempt: Attempt, error: unknown): void {
    this.fail(error)
    this.letGo(attempt)
  }

  /** The record's lane waits; its place among those at work is another's meanwhile. */
  private putOff(attempt: Attempt): void {
    if (!this.over(attempt)) return
    const { entry, workLane } = attempt
    const { runtime } = this.options
    workLane.queue.unshift(entry)
    workLane.state = 'waiting'
    workLane.alarm = runtime.setAlarm(this.backoffMs(entry.attempts), () => {
      workLane.alarm = null
      this.makeReady(workLane)
      this.pump()
    })
    this.pump()
  }

  private backoffMs(attempts: number): number {
    const { backoffMs, maxBackoffMs } = this.options.retry
    const jitter = 0.8 + 0.4 * this.options.runtime.random()
    return Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(attempts - 1, MOST_DOUBLINGS) * jitter)
  }

  private async bury(attempt: Attempt, error: unknown): Promise<void> {
    const { record, attempts } = attempt.entry
    try {
      await this.options.bury!(record, attempts, error)
    } catch (failure) {
      if (!attempt.isOver) this.giveUp(attempt, failure)
      return
    }
    if (!attempt.isOver) this.finish(attempt)
  }

  private goOn(workLane: WorkLane): void {
    if (workLane.queue.length > 0) this.makeReady(workLane)
    else this.rest(workLane)
    this.pump()
  }

  private rest(workLane: WorkLane): void {
    workLane.state = 'idle'
    workLane.part.workLanes.delete(workLane.key)
  }

  /** Drops what has not begun of a partition. */
  private clear(part: PartitionWork): void {
    for (const workLane of part.workLanes.values()) {
      for (const entry of workLane.queue.splice(0)) this.forget(part, entry)
      workLane.alarm?.cancel()
      workLane.alarm = null
      if (workLane.state === 'waiting' || workLane.state === 'paused') this.rest(workLane)
    }
  }

  private forget(part: PartitionWork, entry: Entry): void {
    part.taken -= 1
    part.takenBytes -= entry.bytes
    this.options.fetcher.letGo(entry.bytes)
  }

  private async idleOf(lane: PartitionLane): Promise<void> {
    const part = this.parts.get(lane)
    if (part === undefined || part.inHand.size === 0) return
    part.idle ??= new Deferred<void>()
    await part.idle.promise
  }
}

function settle(waiting: Deferred<void> | null): null {
  waiting?.resolve()
  return null
}

/** Records without a key have no order among themselves: each is a lane of its own. */
function laneKey({ key, offset }: ConsumerRecord): string {
  return key === null ? `offset ${offset}` : `key ${key.toString('latin1')}`
}

function sizeOf({ key, value, headers }: ConsumerRecord): number {
  const ofHeaders = headers.reduce((sum, [name, bytes]) => sum + name.length + (bytes?.length ?? 0), 0)
  return RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + ofHeaders
}

/** What is not what its topic's type says will not become it. */
function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof GoQueueError && error.code === 'INVALID_RECORD')
}

/** What a handler threw, with the place of its record; what names that itself stays as it is. */
function handlerFailed({ record, attempts }: Entry, cause: unknown): unknown {
  if (cause instanceof GoQueueError && (cause.code === 'HANDLER_TIMEOUT' || cause.code === 'INVALID_RECORD'))
    return cause
  const place = `${record.topic}[${record.partition}]@${record.offset}`
  const tries = attempts === 1 ? '' : ` ${attempts} times`
  const why = cause instanceof Error ? cause.message : String(cause)
  return new GoQueueError('HANDLER_FAILED', `${place}: the handler failed${tries}: ${why}`, { cause })
}

function timedOut({ topic, partition, offset }: ConsumerRecord, deadlineMs: number): GoQueueError {
  return new GoQueueError('HANDLER_TIMEOUT', `${topic}[${partition}]@${offset}: the handler took over ${deadlineMs} ms`)
}

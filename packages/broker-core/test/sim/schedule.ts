// One schedule: a group, a few clients of mixed character, a virtual clock, and everything that goes wrong, from one seed.
import { nextDeadlineMs } from '../../src/classic-group/deadlines.ts'
import type { Effect } from '../../src/classic-group/effect.ts'
import { createGroup } from '../../src/classic-group/group.ts'
import type { Group, GroupOptions } from '../../src/classic-group/group.ts'
import type { Input } from '../../src/classic-group/input.ts'
import { step as realStep } from '../../src/classic-group/step.ts'
import { pickCharacter } from './characters.ts'
import { Client } from './client.ts'
import type { ClientSettings, Request } from './client.ts'
import { Disk, mayCommit } from './disk.ts'
import { EventQueue } from './event-queue.ts'
import { GenerationObserver } from './observe-generations.ts'
import { MembershipObserver } from './observe-membership.ts'
import { RebalanceObserver } from './observe-rebalances.ts'
import { RequestObserver } from './observe-requests.ts'
import { isReply, isRequest } from './observation.ts'
import type { Bounds, Observer } from './observation.ts'
import { Random } from './random.ts'
import { TraceHash } from './trace-hash.ts'
import { must, Violation } from './violation.ts'

/** The machine under test: the real one, or one with a fault. */
export type Step = (group: Group, input: Input, nowMs: number) => Effect[]

export interface ScheduleOutcome {
  readonly steps: number
  readonly traceHash: number
  /** The invariant that was broken, or null. */
  readonly violation: string | null
}

/** Runs one schedule to its end or to its first violation. */
export function runSchedule(seed: number, step: Step = realStep): ScheduleOutcome {
  const schedule = new Schedule(seed, step)
  let violation: string | null = null
  try {
    schedule.run()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    violation = error instanceof Violation ? error.message : (error.stack ?? error.message)
  }
  return { steps: schedule.steps, traceHash: schedule.trace.value, violation }
}

const STEPS = 300

type Event =
  | { readonly kind: 'wake'; readonly client: number }
  | { readonly kind: 'reply'; readonly client: number; readonly effect: Extract<Effect, { kind: 'reply' }> }

class Schedule {
  readonly trace = new TraceHash()
  steps = 0
  private readonly random: Random
  private readonly step: Step
  private readonly options: GroupOptions
  private readonly clients: Client[]
  private readonly bounds: Bounds
  private readonly observers: readonly Observer[]
  private readonly queue = new EventQueue<Event>()
  private readonly disk = new Disk()
  private readonly requests = new Map<number, { readonly client: number; readonly request: Request }>()
  private group: Group
  private nowMs = 1000
  private stalledMs = 0
  private nextId = 0
  private isSilent = false

  constructor(seed: number, step: Step) {
    const random = new Random(seed)
    this.random = random
    this.step = step
    this.clients = makeClients(random)
    this.options = {
      groupInitialRebalanceDelayMs: random.pick([0, 100, 3000]),
      groupMaxSize: random.pick([2, 3, 100]),
      groupMinSessionTimeoutMs: 6000,
      groupMaxSessionTimeoutMs: 1_800_000,
      groupMaxRebalanceTimeoutMs: 60_000,
      groupNewMemberJoinTimeoutMs: random.pick([5000, 300_000]),
      groupMaxPendingMembers: random.pick([2, 100]),
      groupMetadataMaxBytes: 1_048_576,
    }
    this.bounds = {
      rebalanceTimeoutMs: Math.max(
        this.options.groupInitialRebalanceDelayMs,
        ...this.clients.map(({ settings }) => settings.rebalanceTimeoutMs),
      ),
      sessionTimeoutMs: Math.max(...this.clients.map(({ settings }) => settings.sessionTimeoutMs)),
      newMemberJoinTimeoutMs: this.options.groupNewMemberJoinTimeoutMs,
      groupMaxSize: this.options.groupMaxSize,
      groupMaxPendingMembers: this.options.groupMaxPendingMembers,
    }
    this.observers = [
      new RequestObserver(this.bounds),
      new GenerationObserver(this.bounds),
      new MembershipObserver(this.bounds),
      new RebalanceObserver(),
    ]
    this.group = createGroup('group', this.options)
  }

  run(): void {
    this.clients.forEach((_, client) =>
      this.queue.plan(this.nowMs + this.random.integer(0, 2000), { kind: 'wake', client }),
    )
    while (this.steps < STEPS) {
      const dueMs = nextDeadlineMs(this.group)
      const nextMs = this.queue.nextMs()
      if (dueMs === Infinity && nextMs === Infinity) break
      if (dueMs <= nextMs) {
        // A real alarm rings late, never early.
        this.nowMs = Math.max(this.nowMs, dueMs + (this.random.chance(0.1) ? this.random.integer(1, 20) : 0))
        this.apply({ kind: 'tick' })
      } else {
        this.nowMs = Math.max(this.nowMs, nextMs)
        this.happen(this.queue.take())
      }
      if (this.random.chance(0.003)) this.stall()
    }
    this.fallSilent()
  }

  private happen(event: Event | undefined): void {
    const client = event === undefined ? undefined : this.clients[event.client]
    if (event === undefined || client === undefined) return
    if (event.kind === 'reply') {
      const isLost = this.random.chance(client.settings.character.losesReplies)
      if (isLost) client.lose()
      this.queue.plan(this.nowMs + (isLost ? client.pauseMs() : client.receive(event.effect.reply)), {
        kind: 'wake',
        client: event.client,
      })
      return
    }
    this.nextId += 1
    const prefix = client.settings.groupInstanceId ?? 'member'
    const request = client.wake(this.nextId, `${prefix}-${this.nextId}`)
    if (request === null) {
      if (client.phase !== 'dead') this.queue.plan(this.nowMs + client.pauseMs(), event)
      return
    }
    this.requests.set(request.requestId, { client: event.client, request })
    // One that waits for a held request wakes up now and then, and may give it up.
    if (request.kind === 'joinGroup') this.queue.plan(this.nowMs + this.bounds.rebalanceTimeoutMs, event)
    this.apply(request)
  }

  private apply(input: Input): void {
    this.steps += 1
    const isCommitAllowed = input.kind === 'offsetCommit' && mayCommit(this.group, input)
    for (const observer of this.observers) observer.before?.(this.group, input)
    const effects = this.step(this.group, input, this.nowMs)
    this.note(input, effects)
    if (input.kind === 'tick') {
      must(nextDeadlineMs(this.group) > this.nowMs, 'after a tick no deadline is at or before now')
    }
    const hasCommitted = effects.some(({ kind }) => kind === 'persistOffsets')
    must(hasCommitted === isCommitAllowed, 'I2: a commit is accepted from the current member and generation only')
    const seen = { group: this.group, input, effects, livelyMs: this.nowMs - this.stalledMs }
    for (const observer of this.observers) observer.after(seen)
    this.perform(effects)
  }

  /** Effects reach disk and network one by one, and the process may die between any two. */
  private perform(effects: readonly Effect[]): void {
    // A restart gives everyone a new session, so that there is none while the silence is measured.
    const diesAt = !this.isSilent && this.random.chance(0.004) ? this.random.integer(0, effects.length) : -1
    for (const [index, effect] of effects.entries()) {
      if (index === diesAt) break
      const asked = isReply(effect) ? this.requests.get(effect.requestId) : undefined
      this.disk.perform(effect, asked?.request, this.group)
      if (!isReply(effect) || asked === undefined) continue
      this.requests.delete(effect.requestId)
      this.queue.plan(this.nowMs + this.random.integer(0, 5), { kind: 'reply', client: asked.client, effect })
    }
    if (diesAt >= 0) this.restart()
  }

  private restart(): void {
    this.group = this.disk.reload(this.options, this.nowMs)
    for (const observer of this.observers) observer.reloaded(this.group, this.nowMs - this.stalledMs)
    for (const { client } of this.requests.values()) {
      this.clients[client]?.lose()
      this.queue.plan(this.nowMs + this.random.integer(1, 1000), { kind: 'wake', client })
    }
    this.requests.clear()
  }

  /** The process stands still; the group is told before it hears of anything else (row I23). */
  private stall(): void {
    const byMs = this.random.integer(500, 20_000)
    this.nowMs += byMs
    this.stalledMs += byMs
    this.apply({ kind: 'stalled', byMs })
  }

  /** Row I6: clients fall silent, and the group is Empty after one rebalance and one session at the latest. */
  private fallSilent(): void {
    this.isSilent = true
    const silentSinceMs = this.nowMs
    const latestMs = silentSinceMs + this.bounds.rebalanceTimeoutMs + this.bounds.sessionTimeoutMs
    for (let dueMs = nextDeadlineMs(this.group); dueMs < Infinity; dueMs = nextDeadlineMs(this.group)) {
      must(
        dueMs <= latestMs,
        'I6: a silent group becomes Empty in time',
        () => `${this.group.state}, due ${dueMs}, latest ${latestMs}`,
      )
      this.nowMs = Math.max(this.nowMs, dueMs)
      this.apply({ kind: 'tick' })
    }
    must(this.group.state === 'Empty' && this.group.pendingMembers.size === 0, 'I6: a silent group becomes Empty')
  }

  private note(input: Input, effects: readonly Effect[]): void {
    this.trace.number(this.nowMs)
    this.trace.text(input.kind)
    if (isRequest(input)) this.trace.number(input.requestId)
    for (const effect of effects) {
      this.trace.text(effect.kind)
      if (!isReply(effect)) continue
      this.trace.number(effect.requestId)
      this.trace.text(effect.reply.errorCode)
    }
    this.trace.text(this.group.state)
    this.trace.number(this.group.generationId)
  }
}

function makeClients(random: Random): Client[] {
  const partitions = random.integer(1, 5)
  return Array.from({ length: random.integer(1, 6) }, (_, index) => {
    const character = pickCharacter(random)
    const version = random.pick([1, 4, 9])
    const isStatic = character.isTwin || random.chance(0.2)
    const settings: ClientSettings = {
      index,
      character,
      groupInstanceId: isStatic ? `static-${character.isTwin ? random.integer(0, 1) : index + 2}` : null,
      sessionTimeoutMs: random.pick([6000, 8000, 15_000]),
      rebalanceTimeoutMs: random.pick([-1, 4000, 10_000, 30_000]),
      protocolNames: random.pick([['range'], ['range', 'roundrobin'], ['roundrobin', 'range']]),
      supportsMemberIdRequired: version >= 4,
      supportsSkipAssignment: version >= 9,
      partitions,
    }
    return new Client(
      settings.rebalanceTimeoutMs > 0 ? settings : { ...settings, rebalanceTimeoutMs: settings.sessionTimeoutMs },
      random,
    )
  })
}

// The simulated broker: the real group machine, a disk that is a moment behind, restarts and stalls.
import {
  createGroup,
  decodeGroupImage,
  encodeGroupImage,
  nextGroupDeadlineMs,
  restoreGroup,
  stepGroup,
  type Group,
  type GroupEffect,
  type GroupInput,
  type GroupOptions,
  type VirtualRuntime,
} from '@goqueue/broker-core/testing'
import type { Chance } from './chance.ts'
import type { Listener } from './network.ts'
import type { Answer, Request } from './request.ts'
import type { Observer } from './observer.ts'

/** What the coordinator gives on top of a stall, for requests that it has not read yet. */
const STALL_TOLERANCE_MS = 500
const LONGEST_WRITE_MS = 6

type OffsetToCommit = Extract<GroupEffect, { kind: 'persistOffsets' }>['offsets'][number]
type Alarm = ReturnType<VirtualRuntime['setAlarm']>

export class SimulatedBroker implements Listener {
  isUp = true
  group: Group
  /** When it last stood still or was down, or will be well again. */
  disturbedUntilMs = -Infinity
  private readonly runtime: VirtualRuntime
  private readonly chance: Chance
  private readonly observer: Observer
  private readonly options: GroupOptions
  private readonly waiting = new Map<number, (answer: Answer) => void>()
  /** What is durable. */
  private savedGroup: string | null = null
  private readonly offsets = new Map<number, number>()
  /** What is answered waits until everything that was written before is durable. */
  private durableAtMs = 0
  private notDurable = 0
  private unread: (() => void)[] | null = null
  private lastRequestId = 0
  private lastFreshId = 0
  private starts = 0
  private alarm: Alarm | null = null

  constructor(runtime: VirtualRuntime, chance: Chance, observer: Observer, groupInitialRebalanceDelayMs: number) {
    this.runtime = runtime
    this.chance = chance
    this.observer = observer
    this.options = {
      groupInitialRebalanceDelayMs,
      groupMaxSize: 100,
      groupMinSessionTimeoutMs: 6_000,
      groupMaxSessionTimeoutMs: 1_800_000,
      groupMaxRebalanceTimeoutMs: 60_000,
      groupNewMemberJoinTimeoutMs: 300_000,
      groupMaxPendingMembers: 100,
      groupMetadataMaxBytes: 1_048_576,
    }
    this.group = createGroup('group', this.options)
  }

  receive(request: Request, answer: (answer: Answer) => void): void {
    if (this.unread !== null) this.unread.push(() => this.read(request, answer))
    else this.read(request, answer)
  }

  /** A member id that nobody has had yet. */
  freshMemberId(prefix: string): string {
    this.lastFreshId += 1
    return `${prefix}-${this.lastFreshId}`
  }

  /** The process dies, with whatever is not durable; a new one comes up after `downMs`. */
  restart(downMs: number): void {
    if (!this.isUp) return
    this.starts += 1
    this.notDurable = 0
    this.isUp = false
    this.unread = null
    this.waiting.clear()
    this.alarm?.cancel()
    this.disturb(downMs)
    this.runtime.setAlarm(downMs, () => {
      const { savedGroup, options } = this
      const nowMs = this.runtime.nowMs()
      this.group =
        savedGroup === null
          ? createGroup('group', options)
          : restoreGroup('group', decodeGroupImage(savedGroup), options, nowMs)
      this.isUp = true
      this.observer.generationBegan()
      this.setAlarm()
    })
  }

  /** The process stands still; the group is told before it hears of anything else (row I23). */
  stall(byMs: number): void {
    if (!this.isUp || this.unread !== null) return
    const { starts } = this
    this.unread = []
    this.disturb(byMs)
    this.runtime.setAlarm(byMs, () => {
      const { unread } = this
      if (this.starts !== starts || unread === null) return
      this.unread = null
      this.step({ kind: 'stalled', byMs: byMs + STALL_TOLERANCE_MS })
      for (const read of unread) read()
    })
  }

  private disturb(durationMs: number): void {
    this.disturbedUntilMs = Math.max(this.disturbedUntilMs, this.runtime.nowMs() + durationMs)
  }

  private read(request: Request, answer: (answer: Answer) => void): void {
    if (request.kind === 'offsetFetch') {
      const found = request.partitions.flatMap((partition) => {
        const offset = this.offsets.get(partition)
        return offset === undefined ? [] : [[partition, offset] as const]
      })
      answer({ kind: 'offsetFetch', offsets: new Map(found) })
      return
    }
    if (request.kind === 'describeGroup') {
      const { state, members } = this.group
      const assignments = Array.from(members.values(), ({ assignment }) => assignment)
      answer({ kind: 'describeGroup', isStable: state === 'Stable', assignments })
      return
    }
    this.lastRequestId += 1
    const requestId = this.lastRequestId
    this.waiting.set(requestId, answer)
    this.step({ ...request, requestId })
  }

  private step(input: GroupInput): void {
    const { group, observer } = this
    const nowMs = this.runtime.nowMs()
    const { generationId } = group
    observer.brokerSteps(group, input, nowMs)
    const effects = stepGroup(group, input, nowMs)
    observer.brokerStepped(group, input, effects)
    if (group.generationId !== generationId) observer.generationBegan()
    for (const effect of effects) this.perform(effect)
    this.setAlarm()
  }

  private perform(effect: GroupEffect): void {
    if (effect.kind === 'reply') {
      const answer = this.waiting.get(effect.requestId)
      this.waiting.delete(effect.requestId)
      if (answer === undefined) return
      if (this.notDurable === 0) answer(effect.reply)
      else this.whenDurable(() => answer(effect.reply))
    } else if (effect.kind === 'persistGroup') {
      const text = encodeGroupImage(effect.image)
      this.write(() => (this.savedGroup = text))
    } else if (effect.kind === 'persistOffsets') {
      this.write(() => effect.offsets.forEach((offset) => this.put(offset)))
    }
  }

  private put({ partition, offset, metadata }: OffsetToCommit): void {
    this.observer.committed(partition, offset, Number(metadata))
    this.offsets.set(partition, offset)
  }

  private write(done: () => void): void {
    const startMs = Math.max(this.durableAtMs, this.runtime.nowMs())
    this.durableAtMs = startMs + this.chance.integer(0, LONGEST_WRITE_MS)
    this.whenDurable(done)
  }

  /** In order, unless the process dies before. */
  private whenDurable(done: () => void): void {
    const { starts } = this
    this.notDurable += 1
    this.runtime.setAlarm(Math.max(0, this.durableAtMs - this.runtime.nowMs()), () => {
      if (this.starts !== starts) return
      this.notDurable -= 1
      done()
    })
  }

  private setAlarm(): void {
    this.alarm?.cancel()
    const { starts } = this
    const tick = () => {
      if (this.starts === starts) this.step({ kind: 'tick' })
    }
    const waitMs = Math.max(0, nextGroupDeadlineMs(this.group) - this.runtime.nowMs())
    this.alarm = this.runtime.setAlarm(waitMs, () => {
      if (this.unread !== null) this.unread.push(tick)
      else tick()
    })
  }
}

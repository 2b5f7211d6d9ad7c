// One schedule: a group, members of mixed habits and assignors, a virtual clock, and all that goes wrong, from one seed.
import { VirtualRuntime } from '@goqueue/broker-core/testing'
import { Chance } from './chance.ts'
import { faultless, type Fault } from './faults.ts'
import { pickHabits } from './habits.ts'
import { Observer } from './observer.ts'
import { SimulatedBroker } from './simulated-broker.ts'
import { SimulatedMember } from './simulated-member.ts'
import type { Surroundings } from './surroundings.ts'
import type { MemberSettings } from './member.ts'

export interface ScheduleOutcome {
  readonly steps: number
  readonly traceHash: number
  /** The promise that was broken, or null. */
  readonly violation: string | null
  readonly commitsBesideHeldJoins: number
  readonly scenario: Scenario
}

/**
 * mixed: members of all three kinds come, go, die and are disturbed. rolling: a group of ['range'] becomes one of
 * ['cooperative-sticky'] in two rounds of restarts. steady: nothing goes wrong but that applications are slow.
 */
type Scenario = 'mixed' | 'rolling' | 'steady'

const COOPERATIVE = ['cooperative-sticky']
const CHANGING = ['cooperative-sticky', 'range']
const EAGER = ['range']

/** Handlers and callbacks once faults are over. */
const CALM_DURATION_MS = [200, 700] as const
/** Of processes that are to be replaced in time. */
const BRISK = { blocks: 0, handlerMs: [200, 1_000], revokeCallbackMs: [0, 500] } as const
/** Turns of the microtask queue in which a commit queue has gone as far as it can. */
const MICROTASK_TURNS = 12

/** Runs one schedule to its end or to its first violation. */
export async function runSchedule(seed: number, fault: Fault = faultless): Promise<ScheduleOutcome> {
  const schedule = new Schedule(seed, fault)
  await schedule.run()
  const { observer, scenario } = schedule
  const { steps, violation, commitsBesideHeldJoins } = observer
  return { steps, violation, commitsBesideHeldJoins, scenario, traceHash: observer.trace.value }
}

class Schedule implements Surroundings {
  readonly runtime: VirtualRuntime
  readonly chance: Chance
  readonly observer: Observer
  readonly broker: SimulatedBroker
  readonly fault: Fault
  readonly scenario: Scenario
  private readonly members: SimulatedMember[] = []
  private readonly sessionTimeoutMs: number
  private readonly faultsEndMs: number
  private partitions: number
  private hasPromised = false

  constructor(seed: number, fault: Fault) {
    this.fault = fault
    this.runtime = new VirtualRuntime({ seed })
    this.chance = new Chance(() => this.runtime.random())
    this.observer = new Observer(this.runtime)
    this.broker = new SimulatedBroker(this.runtime, this.chance, this.observer, this.chance.pick([0, 100, 2_000]))
    this.scenario = this.chance.pick(['mixed', 'mixed', 'mixed', 'rolling', 'steady'])
    this.sessionTimeoutMs = this.chance.pick([6_000, 8_000])
    this.partitions = this.chance.integer(1, 6)
    const lastsMs = this.scenario === 'rolling' ? 3 * this.sessionTimeoutMs + 8_000 : this.chance.integer(8_000, 20_000)
    this.faultsEndMs = lastsMs
  }

  async run(): Promise<void> {
    if (this.scenario === 'rolling') this.planRolling()
    else this.planMixed()
    if (this.scenario !== 'steady') this.planDisturbances()
    await this.passUntil(this.faultsEndMs)
    await this.checkRecovery()
  }

  partitionCount(): number {
    return this.partitions
  }

  durationMs(range: readonly [number, number]): number {
    const leftMs = this.faultsEndMs - this.runtime.nowMs()
    const calmMs = this.chance.integer(...CALM_DURATION_MS)
    return leftMs <= 0 ? calmMs : Math.min(this.chance.integer(...range), leftMs)
  }

  promised(): void {
    this.hasPromised = true
  }

  private async passUntil(endMs: number): Promise<void> {
    const { runtime, observer } = this
    while (observer.violation === null) {
      const nextMs = runtime.nextAlarmMs
      if (nextMs > endMs) break
      runtime.advance(nextMs - runtime.nowMs())
      if (!this.hasPromised) continue
      this.hasPromised = false
      for (let turn = 0; turn < MICROTASK_TURNS; turn += 1) await null
    }
    if (observer.violation === null) runtime.advance(Math.max(0, endMs - runtime.nowMs()))
  }

  private at(timeMs: number, event: () => void): void {
    this.runtime.setAlarm(timeMs, event)
  }

  private settings(number: number, instanceId: string | null, assignors: readonly string[]): MemberSettings {
    const { chance, sessionTimeoutMs } = this
    const habits = pickHabits(chance, this.scenario === 'steady')
    return {
      number,
      instanceId,
      assignors,
      sessionTimeoutMs,
      heartbeatIntervalMs: chance.pick([1_000, 2_000]),
      rebalanceTimeoutMs: chance.pick([6_000, 8_000, 20_000]),
      habits: this.scenario === 'rolling' ? { ...habits, ...BRISK } : habits,
    }
  }

  private add(settings: MemberSettings): SimulatedMember {
    const member = new SimulatedMember(this, settings)
    for (const other of this.members) {
      if (other.instanceId !== null && other.instanceId === member.instanceId && !other.isGone) other.isReplaced = true
    }
    this.members.push(member)
    this.observer.members = this.members
    member.start()
    const { commits } = settings.habits
    if (typeof commits === 'number') {
      const commitLater = () => {
        this.runtime.setAlarm(commits, () => {
          if (member.isDead) return
          member.application.commitAll()
          commitLater()
        })
      }
      commitLater()
    }
    return member
  }

  private planMixed(): void {
    const { chance, faultsEndMs, scenario } = this
    const lists =
      scenario === 'steady'
        ? [chance.pick([COOPERATIVE, EAGER])]
        : chance.pick([
            [COOPERATIVE, CHANGING, EAGER],
            [COOPERATIVE, CHANGING],
            [EAGER, CHANGING],
            [COOPERATIVE],
            [EAGER],
          ])
    const count = chance.integer(2, 5)
    for (let number = 0; number < count; number += 1) {
      // Two places may have one instance id: twins, of which the younger fences the older.
      const isTwin = scenario === 'mixed' && chance.happens(0.05)
      const instanceId = chance.happens(0.3) ? `static-${isTwin ? 0 : number}` : null
      this.at(chance.integer(0, scenario === 'steady' ? 1_000 : faultsEndMs >> 1), () => {
        this.live(this.add(this.settings(number, instanceId, chance.pick(lists))))
      })
    }
    if (scenario === 'mixed' && chance.happens(0.1)) this.at(chance.integer(0, faultsEndMs), () => this.growTopic())
  }

  /** A member of a mixed group may leave, be closed or be killed, and may come back, as it was or as another. */
  private live(member: SimulatedMember): void {
    const { chance, runtime, faultsEndMs, scenario } = this
    if (scenario === 'steady' || chance.happens(0.55)) return
    const lastMs = faultsEndMs - runtime.nowMs()
    const goesAtMs = chance.integer(0, Math.max(0, lastMs))
    const how = chance.pick(['leave', 'stop', 'kill', 'leave and come back'] as const)
    // One that went without a word is a fault until its session has ended.
    if ((how === 'kill' || how === 'stop') && goesAtMs > lastMs - this.sessionTimeoutMs) return
    this.at(goesAtMs, () => {
      if (how === 'kill') member.kill()
      else member.depart(how === 'stop' ? 'stop' : 'leave')
      if (how === 'leave and come back') {
        this.at(chance.integer(0, 2_000), () => member.start())
      } else if (chance.happens(0.6)) {
        this.at(chance.integer(0, 4_000), () => {
          if (runtime.nowMs() < faultsEndMs) this.live(this.add({ ...member.settings, number: member.number + 10 }))
        })
      }
    })
  }

  /** KIP-429's way from eager to cooperative: everybody gets both assignors first, then the old one is dropped. */
  private planRolling(): void {
    const { chance, sessionTimeoutMs } = this
    const count = chance.integer(2, 3)
    // The second round begins when nobody of before the first can be left: a leave that was lost takes a session to show.
    const secondMs = 4_000 + 1_500 * count + sessionTimeoutMs + 500
    for (let number = 0; number < count; number += 1) {
      const instanceId = chance.happens(0.5) ? `static-${number}` : null
      const delayMs = 1_500 * number + chance.integer(0, 500)
      this.at(chance.integer(0, 800), () => {
        const first = this.add(this.settings(number, instanceId, EAGER))
        this.replace(first, 4_000 + delayMs, CHANGING, (second) => {
          this.replace(second, secondMs + delayMs, COOPERATIVE, (third) => this.insist(third))
        })
      })
    }
  }

  private replace(
    before: SimulatedMember,
    timeMs: number,
    assignors: readonly string[],
    then: (member: SimulatedMember) => void,
  ): void {
    this.at(Math.max(0, timeMs - this.runtime.nowMs()), () => {
      before.depart(before.instanceId === null ? 'leave' : this.chance.pick(['stop', 'leave']))
      this.whenGone(before, () => then(this.add({ ...before.settings, number: before.number + 10, assignors })))
    })
  }

  /** A process manager starts the next process when the one before has ended. */
  private whenGone(member: SimulatedMember, then: () => void): void {
    this.at(100, () => {
      if (member.isGone) then()
      else this.whenGone(member, then)
    })
  }

  /** A process that was refused is started again: a broker that restarts may for a while believe in members of before. */
  private insist(member: SimulatedMember): void {
    this.at(1_000, () => {
      if (member.phase === 'ended') member.start()
      this.insist(member)
    })
  }

  private growTopic(): void {
    this.partitions += this.chance.integer(1, 2)
    const check = () => {
      for (const member of this.members) member.checkPartitions()
      this.at(1_000, check)
    }
    check()
  }

  private planDisturbances(): void {
    const { chance, faultsEndMs, scenario } = this
    const count = chance.integer(0, scenario === 'rolling' ? 2 : 8)
    for (let index = 0; index < count; index += 1) {
      this.at(chance.integer(0, faultsEndMs), () => this.disturb())
    }
  }

  private disturb(): void {
    const { chance, runtime, broker } = this
    const leftMs = this.faultsEndMs - runtime.nowMs()
    const lastsMs = (mostMs: number) => Math.min(chance.integer(1, mostMs), leftMs)
    const living = this.members.filter(({ isDead }) => !isDead)
    const member = living[chance.integer(0, Math.max(0, living.length - 1))]
    switch (
      chance.pick([
        'break',
        'break',
        'stall line',
        'pause',
        'pause in a rebalance',
        'all lines',
        'restart',
        'stall broker',
      ] as const)
    ) {
      case 'break':
        if (member !== undefined) chance.pick(member.lines).break()
        return
      case 'stall line':
        if (member !== undefined) chance.pick(member.lines).stall(runtime.nowMs() + lastsMs(9_000))
        return
      case 'pause':
        member?.loop.block(lastsMs(15_000))
        return
      case 'pause in a rebalance':
        member?.blockAfter(chance.pick(['join', 'assign', 'sync', 'release']), () => this.durationMs([1, 15_000]))
        return
      case 'all lines':
        for (const { lines } of living) for (const line of lines) line.break()
        return
      case 'restart':
        for (const { lines } of living) for (const line of lines) line.break()
        broker.restart(lastsMs(2_000))
        return
      case 'stall broker':
        broker.stall(lastsMs(9_000))
        return
    }
  }

  /** Row I17: two sessions after the last fault every partition has an owner, is read and is committed; then all is quiet. */
  private async checkRecovery(): Promise<void> {
    const { observer, sessionTimeoutMs, faultsEndMs, broker } = this
    // A member that went without a word is a fault until its session has ended.
    while (this.hasGhosts() && this.runtime.nowMs() < faultsEndMs + 2 * sessionTimeoutMs) {
      await this.passUntil(this.runtime.nowMs() + 250)
      if (observer.violation !== null) return
    }
    observer.must(!this.hasGhosts(), 'I17: who went without a word is out of the group two sessions later')
    const startMs = this.runtime.nowMs()
    observer.delivered.clear()
    observer.acknowledged.clear()
    await this.passUntil(startMs + 2 * sessionTimeoutMs)
    const living = this.members.filter(({ isDead, isOver }) => !isDead && !isOver)
    for (const member of living) {
      observer.must(
        member.phase === 'stable',
        'I17: every member is stable two sessions after the last fault',
        () => `${member.name} is ${member.phase}`,
      )
    }
    if (this.scenario === 'rolling') {
      const { protocolName } = broker.group
      observer.must(protocolName === 'cooperative-sticky', 'two rolling rounds make a group cooperative', () =>
        String(protocolName),
      )
    }
    if (living.length > 0) {
      for (let partition = 0; partition < this.partitions; partition += 1) {
        const owners = living.filter((member) => member.owned().includes(partition)).length
        observer.must(
          owners === 1,
          'I17: every partition has an owner again',
          () => `partition ${partition} has ${owners}`,
        )
        const seen = () => `partition ${partition}`
        observer.must((observer.delivered.get(partition) ?? 0) > 0, 'I17: every partition is read again', seen)
        observer.must((observer.acknowledged.get(partition) ?? 0) > 0, 'I17: every partition is committed again', seen)
      }
    }
    const { generations } = observer
    await this.passUntil(startMs + 2.5 * sessionTimeoutMs)
    observer.must(observer.generations === generations, 'I18: a group that has settled does not rebalance again')
  }

  /** Whether the broker believes in a member that is dead, or is going and may not manage to say so. */
  private hasGhosts(): boolean {
    const staying = this.members.filter(({ isDead, isOver, isGoing }) => !isDead && !isOver && !isGoing)
    const living = new Set(staying.map(({ name }) => name))
    return [...this.broker.group.members.values()].some(({ clientId }) => !living.has(clientId))
  }
}

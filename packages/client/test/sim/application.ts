// The application behind a simulated member: fetches its partitions, handles records, commits, and takes its time.
import { CommitQueue } from '../../src/commit-queue.ts'
import { partitionKey } from '../../src/record.ts'
import { COMMIT_PATIENCE_MS, CommitSender, REVOKED } from './commit-sender.ts'
import { once, type EventLoop } from './event-loop.ts'
import type { Habits } from './habits.ts'
import { Lane } from './lane.ts'
import type { Member } from './member.ts'
import type { Surroundings } from './surroundings.ts'
import { TOPIC } from './topic.ts'

const MOST_BUFFERED = 5
/** How much of the rebalance timeout handlers in hand get when their partitions are revoked. */
const HANDLER_SHARE = 0.75

export class Application {
  readonly commits: CommitQueue
  /** By partition: what it may read. */
  readonly lanes = new Map<number, Lane>()
  /** Handlers at work. */
  handlers = 0
  private readonly world: Surroundings
  private readonly loop: EventLoop
  private readonly member: Member
  private readonly habits: Habits
  /** Given up, not yet disowned. */
  private readonly disowning = new Set<Lane>()
  private readonly callbacks: ((done: () => void) => void)[] = []
  private isInCallback = false
  private waitingForHandlers: { readonly lanes: readonly Lane[]; readonly then: () => void }[] = []
  private turns = 0

  constructor(world: Surroundings, loop: EventLoop, member: Member) {
    this.world = world
    this.loop = loop
    this.member = member
    this.habits = member.settings.habits
    const sender = new CommitSender(world, loop, member)
    this.commits = new CommitQueue((commits) => sender.send([...commits.values()]))
  }

  own(partitions: readonly number[]): void {
    const lanes = partitions.map((partition) => new Lane(this.world.observer.own(this.member, partition)))
    for (const lane of lanes) this.lanes.set(lane.partition, lane)
    if (lanes.length === 0) return
    this.findOffsets(lanes)
    this.tell((done) => {
      for (const lane of lanes) lane.isAnnounced = true
      this.pump()
      done()
    })
  }

  /** Nothing of these is delivered any more; what was done with them may be committed until `disownAll` or the callback's end. */
  release(partitions: readonly number[]): Lane[] {
    const lanes = partitions.flatMap((partition) => this.lanes.get(partition) ?? [])
    for (const lane of lanes) {
      this.world.observer.release(lane.ownership)
      if (this.world.fault.keepsBuffered === true) continue
      this.lanes.delete(lane.partition)
      lane.close()
    }
    return lanes
  }

  /** The revoke callback: handlers in hand, then commits, then the application itself; not longer than the rebalance timeout. */
  revoke(lanes: readonly Lane[], revoked: () => void): void {
    for (const lane of lanes) this.disowning.add(lane)
    const end = once(() => {
      this.disown(lanes)
      revoked()
    })
    if (lanes.length === 0) {
      end()
      return
    }
    this.loop.after(this.member.settings.rebalanceTimeoutMs, end)
    this.tell((done) => {
      this.whenHandled(lanes, () => {
        const commits = lanes.map((lane) => this.commitFinished(lane))
        void Promise.allSettled(commits).then(() =>
          this.loop.enter(() => {
            this.loop.after(this.world.durationMs(this.habits.revokeCallbackMs), () => {
              done()
              end()
            })
          }),
        )
      })
    })
  }

  /** Nothing of these is committed any more. */
  disown(lanes: readonly Lane[]): void {
    for (const lane of lanes) {
      this.disowning.delete(lane)
      lane.ownership.isDisowned = true
      lane.controller.abort(REVOKED)
    }
  }

  disownAll(): void {
    this.disown([...this.disowning])
  }

  /** As an interval of auto-commit does. */
  commitAll(): void {
    this.loop.enter(() => {
      for (const lane of this.lanes.values()) this.commitFinished(lane).catch(() => {})
    })
  }

  /** Callbacks are called one at a time, in order. */
  private tell(callback: (done: () => void) => void): void {
    this.callbacks.push(callback)
    this.callNext()
  }

  private callNext(): void {
    const callback = this.isInCallback ? undefined : this.callbacks.shift()
    if (callback === undefined) return
    this.isInCallback = true
    callback(
      once(() => {
        this.isInCallback = false
        this.callNext()
      }),
    )
  }

  /** When no handler is at work on these any more, or has had its share of the rebalance timeout. */
  private whenHandled(lanes: readonly Lane[], then: () => void): void {
    const go = once(then)
    if (lanes.every(({ isBusy }) => !isBusy)) {
      go()
      return
    }
    this.waitingForHandlers.push({ lanes, then: go })
    this.loop.after(this.member.settings.rebalanceTimeoutMs * HANDLER_SHARE, go)
  }

  /** Asks where to start until that is known or the partitions are gone. */
  private findOffsets(lanes: readonly Lane[]): void {
    const open = lanes.filter(({ isClosed }) => !isClosed)
    if (open.length === 0) return
    const partitions = open.map(({ partition }) => partition)
    this.member.ask({ kind: 'offsetFetch', partitions }, COMMIT_PATIENCE_MS, (answer) => {
      if (answer?.kind !== 'offsetFetch') {
        this.loop.after(this.member.retryDelayMs(), () => this.findOffsets(open))
        return
      }
      for (const lane of open) {
        if (lane.isClosed) continue
        lane.position = answer.offsets.get(lane.partition) ?? 0
        lane.ownership.nextOffset = lane.position
        this.fetch(lane)
      }
    })
  }

  /** There is always more to read. */
  private fetch(lane: Lane): void {
    const { position, epoch } = lane
    if (position === null || lane.isFetching || lane.buffer.length > 0) return
    const { chance } = this.world
    lane.isFetching = true
    this.loop.after(chance.integer(1, 20), () => {
      if (lane.isClosed || lane.epoch !== epoch) return
      lane.isFetching = false
      lane.buffer = Array.from({ length: chance.integer(1, MOST_BUFFERED) }, (_, index) => position + index)
      this.pump()
    })
  }

  /** Gives records to handlers for as long as there are both. */
  private pump(): void {
    while (this.handlers < this.habits.concurrency && !this.loop.isBlocking) {
      this.member.fence()
      const ready = [...this.lanes.values()].filter(
        (lane) => lane.isAnnounced && !lane.isBusy && lane.buffer.length > 0,
      )
      if (ready.length === 0) return
      this.turns += 1
      const next = ready.reduce((first, lane) => (lane.servedAt < first.servedAt ? lane : first))
      next.servedAt = this.turns
      this.handle(next)
    }
  }

  private handle(lane: Lane): void {
    const { chance, observer } = this.world
    const offset = lane.buffer.shift()!
    observer.deliver(lane.ownership, offset)
    lane.position = offset + 1
    lane.isBusy = true
    this.handlers += 1
    const isBlocking = chance.happens(this.habits.blocks)
    if (isBlocking) this.loop.block(this.world.durationMs([1_000, 12_000]))
    const tookMs = isBlocking ? 0 : this.world.durationMs(this.habits.handlerMs)
    this.loop.after(tookMs, () => this.handled(lane, offset))
  }

  private handled(lane: Lane, offset: number): void {
    const { chance, observer, fault } = this.world
    lane.isBusy = false
    observer.finish(lane.partition, offset)
    lane.finished = Math.max(lane.finished ?? 0, offset + 1)
    this.member.fence()
    const idle = this.waitingForHandlers.filter(({ lanes }) => lanes.every(({ isBusy }) => !isBusy))
    this.waitingForHandlers = this.waitingForHandlers.filter((waiting) => !idle.includes(waiting))
    for (const { then } of idle) then()
    if (!lane.isClosed && chance.happens(this.habits.seeksBack)) {
      lane.seek(Math.max(0, (lane.position ?? 0) - chance.integer(1, 4)))
    }
    const next = once(() => {
      this.handlers -= 1
      this.fetch(lane)
      this.pump()
    })
    const { commits } = this.habits
    if (typeof commits === 'number') {
      next()
      return
    }
    const committed = this.commitFinished(lane)
    if (commits === 'ahead') next()
    void committed.then(
      () => this.loop.enter(next),
      () => {
        if (fault.neverResumes !== true) this.loop.enter(next)
      },
    )
  }

  /** Resolves when what is finished is committed; rejects when it will not be. */
  private commitFinished(lane: Lane): Promise<void> {
    const { finished, partition } = lane
    const { world } = this
    world.promised()
    if (finished === null || finished === lane.asked) return Promise.resolve()
    if (lane.ownership.isDisowned && world.fault.commitsAfterRevoke !== true) return Promise.resolve()
    lane.asked = finished
    const metadata = String(lane.ownership.id)
    const { signal } = lane.controller
    const committed = this.commits.commit({
      key: partitionKey(TOPIC, partition),
      topic: TOPIC,
      partition,
      offset: finished,
      metadata,
      signal,
    })
    committed.then(
      () => world.observer.acknowledge(partition),
      () => {
        // Not committed: to be asked for again.
        if (lane.asked === finished) lane.asked = null
      },
    )
    return committed
  }
}

// How old the oldest record is that a group has not committed past: looked up in the log when somebody asks, and remembered.
import { logOf } from './broker-metrics.ts'
import type { CommittedOffset } from './coordinator/committed-offsets.ts'
import type { GroupCoordinator } from './coordinator/group-coordinator.ts'
import type { PartitionLog } from './log/partition-log.ts'
import type { Runtime } from './runtime.ts'
import type { TopicCatalog } from './topics/topic-catalog.ts'

/** How far a group is behind in one partition, in time. */
export interface TimeBehind {
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  /** Age of the oldest record that the group has not committed past, by the record's own timestamp; 0 where there is none. */
  readonly ageMs: number
}

/** Each may read a batch from the disk: what is left after this time waits for the next time somebody asks. */
const LOOKUP_MS = 200
const LOOKUPS_AT_ONCE = 4

interface Place {
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  readonly committed: CommittedOffset
  readonly log: PartitionLog
}

interface Found {
  /** Where it was looked for: the committed offset, or the log's start if that is behind it. */
  readonly offset: number
  readonly timestampMs: number
}

export class TimesBehind {
  private readonly topics: TopicCatalog
  private readonly groups: GroupCoordinator
  private readonly runtime: Runtime
  /** How many lookups there were: the next ones begin where these ended, so that each place has its turn. */
  private lookups = 0
  /** A commit puts a new object in the place of the old one, and takes with it what was found for that. */
  private readonly found = new WeakMap<CommittedOffset, Found>()

  constructor(parts: { readonly topics: TopicCatalog; readonly groups: GroupCoordinator; readonly runtime: Runtime }) {
    this.topics = parts.topics
    this.groups = parts.groups
    this.runtime = parts.runtime
  }

  /** Of every committed offset, but for those that are not looked up yet and those whose record has no timestamp. */
  async all(): Promise<TimeBehind[]> {
    const places = this.places()
    await this.lookUp(places.filter((place) => isBehind(place) && this.remembered(place) === undefined))
    const nowMs = this.runtime.wallClockMs()
    return places.flatMap((place) => {
      const timestampMs = isBehind(place) ? this.remembered(place) : nowMs
      if (timestampMs === undefined || timestampMs < 0) return []
      const { groupId, topic, partition } = place
      return [{ groupId, topic, partition, ageMs: Math.max(0, nowMs - timestampMs) }]
    })
  }

  private places(): Place[] {
    const places: Place[] = []
    for (const { group, offsets } of this.groups.all()) {
      for (const [topic, partitions] of offsets.byTopic()) {
        for (const partition of partitions) {
          const committed = offsets.get(topic, partition)
          const log = logOf(this.topics, topic, partition)
          if (committed === undefined || committed.offset < 0 || log === undefined) continue
          places.push({ groupId: group.groupId, topic, partition, committed, log })
        }
      }
    }
    return places
  }

  private async lookUp(places: readonly Place[]): Promise<void> {
    const first = this.lookups % Math.max(1, places.length)
    const waiting = [...places.slice(first), ...places.slice(0, first)].values()
    const untilMs = this.runtime.nowMs() + LOOKUP_MS
    const lookUpNext = async () => {
      for (const next of waiting) {
        if (this.runtime.nowMs() >= untilMs) return
        this.lookups += 1
        const offset = oldestOffset(next)
        const timestampMs = await next.log.timestampAt(offset)
        if (timestampMs !== null) this.found.set(next.committed, { offset, timestampMs })
      }
    }
    await Promise.all(Array.from({ length: LOOKUPS_AT_ONCE }, lookUpNext))
  }

  private remembered(place: Place): number | undefined {
    const found = this.found.get(place.committed)
    return found?.offset === oldestOffset(place) ? found.timestampMs : undefined
  }
}

/** What retention has deleted is processed by nobody any more. */
function oldestOffset({ committed, log }: Place): number {
  return Math.max(committed.offset, log.logStartOffset)
}

function isBehind(place: Place): boolean {
  return oldestOffset(place) < place.log.highWatermark
}

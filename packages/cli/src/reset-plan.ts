// What resetting offsets would do, partition by partition: from where to where, and never outside the log.
import type { Admin, GroupOffset, TopicPartition } from '@goqueue/client'
import { CommandError } from './failure.ts'
import type { ListedOffset } from './offsets-csv.ts'

/** Where to go. `listed` says it for each partition by itself. */
export type ResetTarget =
  | { to: 'earliest' | 'latest' | 'current' }
  | { to: 'offset'; offset: number }
  | { to: 'time'; timeMs: number }
  | { to: 'shifted'; by: number }
  | { to: 'listed'; offsets: readonly ListedOffset[] }

export interface PlannedReset extends TopicPartition {
  /** null when nothing is committed. */
  currentOffset: number | null
  newOffset: number
  /** New less current; null when nothing is committed. */
  difference: number | null
  /** The end of the log that the new offset was moved to, because what was asked for is outside it; else null. */
  movedTo: 'begin' | 'end' | null
}

/** Reads what is needed and changes nothing. Partitions that stay without a committed offset are left out. */
export async function planReset(
  admin: Admin,
  groupId: string,
  places: readonly TopicPartition[],
  target: ResetTarget,
): Promise<PlannedReset[]> {
  const [begins, ends, committed, atTime] = await Promise.all([
    admin.listOffsets(places, 'earliest'),
    admin.listOffsets(places, 'latest'),
    admin.groupOffsets(groupId, places),
    target.to === 'time' ? admin.listOffsets(places, target.timeMs) : [],
  ])
  return places.flatMap((place, index) => {
    const begin = begins[index]!.offset
    const end = ends[index]!.offset
    const currentOffset = offsetOf(committed, place)
    const wanted = wantedOffset(target, place, { begin, end, currentOffset, atTime: atTime[index]?.offset ?? -1 })
    if (wanted === null) return []
    const newOffset = Math.min(Math.max(wanted, begin), end)
    return {
      ...place,
      currentOffset,
      newOffset,
      difference: currentOffset === null ? null : newOffset - currentOffset,
      movedTo: wanted < begin ? 'begin' : wanted > end ? 'end' : null,
    }
  })
}

interface Known {
  begin: number
  end: number
  currentOffset: number | null
  /** -1: no record is that new. */
  atTime: number
}

function wantedOffset(target: ResetTarget, place: TopicPartition, known: Known): number | null {
  switch (target.to) {
    case 'earliest':
      return known.begin
    case 'latest':
      return known.end
    case 'current':
      return known.currentOffset
    case 'offset':
      return target.offset
    case 'time':
      return known.atTime < 0 ? Infinity : known.atTime
    case 'shifted':
      if (known.currentOffset !== null) return known.currentOffset + target.by
      throw new CommandError(
        `Nothing is committed for partition ${place.partition} of '${place.topic}', so there is nothing to shift; leave it out, or name an offset.`,
      )
    case 'listed':
      return offsetOf(target.offsets, place)
  }
}

function offsetOf(offsets: readonly (ListedOffset | GroupOffset)[], place: TopicPartition): number | null {
  const found = offsets.find(({ topic, partition }) => topic === place.topic && partition === place.partition)
  return found?.offset ?? null
}

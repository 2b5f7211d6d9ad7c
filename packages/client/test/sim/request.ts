// What simulated members and the simulated broker say to each other: the group machine's inputs and replies, OffsetFetch and DescribeGroups.
import type { GroupInput, GroupReply } from '@goqueue/broker-core/testing'

type Numbered = Exclude<GroupInput, { kind: 'tick' | 'stalled' | 'unload' }>
type WithoutNumber<I> = I extends unknown ? Omit<I, 'requestId'> : never

/** A request; the broker gives it its number. */
export type Request =
  | WithoutNumber<Numbered>
  | { readonly kind: 'offsetFetch'; readonly partitions: readonly number[] }
  | { readonly kind: 'describeGroup' }

/** Its answer. Of an OffsetFetch: the committed offsets by partition, as far as there are any. */
export type Answer =
  | GroupReply
  | { readonly kind: 'offsetFetch'; readonly offsets: ReadonlyMap<number, number> }
  | { readonly kind: 'describeGroup'; readonly isStable: boolean; readonly assignments: readonly Buffer[] }

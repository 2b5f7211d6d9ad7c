// The kinds of client that meet in a schedule. Random traffic alone misses the bugs that only a bad habit finds.
import type { Random } from './random.ts'

export interface Character {
  readonly name: string
  /** Chance that a leader sits on its SyncGroup while it heartbeats. */
  readonly lazyLeader: number
  /** Chance that a follower does. */
  readonly lazySyncer: number
  /** Chance, at each wake-up in Stable, to leave, to rejoin for nothing, or to change its subscription. */
  readonly flaps: number
  /** Never rejoins: heartbeats and commits with the generation it had. */
  readonly isZombie: boolean
  /** How many times the rebalance timeout it may take before it rejoins. */
  readonly rejoinDelayFactor: number
  /** Chance that a reply never reaches it; it then tries again, forgetting a member id that it was not told. */
  readonly losesReplies: number
  /** Takes a member id (KIP-394) and does not come back, or only leaves. */
  readonly pendsForever: boolean
  /** Chance, at each wake-up, to fall silent for good without leaving. */
  readonly dies: number
  /** Shares its group instance id with another client. */
  readonly isTwin: boolean
  /** Removes others by instance id or commits without a generation. */
  readonly isAdministrator: boolean
}

const normal: Character = {
  name: 'normal',
  lazyLeader: 0,
  lazySyncer: 0,
  flaps: 0.02,
  isZombie: false,
  rejoinDelayFactor: 0.2,
  losesReplies: 0,
  pendsForever: false,
  dies: 0.002,
  isTwin: false,
  isAdministrator: false,
}

const characters: readonly Character[] = [
  normal,
  normal,
  { ...normal, name: 'lazy leader', lazyLeader: 0.97 },
  { ...normal, name: 'lazy syncer', lazySyncer: 0.97 },
  { ...normal, name: 'flapper', flaps: 0.4 },
  { ...normal, name: 'zombie', isZombie: true },
  { ...normal, name: 'slow joiner', rejoinDelayFactor: 1.5 },
  { ...normal, name: 'reply loser', losesReplies: 0.3 },
  { ...normal, name: 'pending forever', pendsForever: true },
  { ...normal, name: 'mortal', dies: 0.05 },
  { ...normal, name: 'twin', isTwin: true, flaps: 0.1 },
  { ...normal, name: 'twin who loses replies', isTwin: true, losesReplies: 0.2 },
  { ...normal, name: 'administrator', isAdministrator: true },
]

/** One of them. */
export function pickCharacter(random: Random): Character {
  return random.pick(characters)
}

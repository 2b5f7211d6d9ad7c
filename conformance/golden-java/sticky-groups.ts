// Seeded groups for the sticky assignors: stable ones, and ones that grow, shrink, change their mind or contradict themselves.
import { builtInAssignors, encodeSubscription, type AssignorMember } from '@goqueue/protocol'

/** A group as its leader sees it, with each member's subscription for either assignor in hex. */
export interface StickyGroup {
  kind: string
  members: [memberId: string, subscriptions: Record<string, string>][]
  partitions: [topic: string, count: number][]
}

interface Member {
  memberId: string
  topics: string[]
  owned: Map<string, number[]>
  generationId: number
}

const GENERATION = 6
const names = ['orders', 'payments', 'shipments', 'a.b', 'Z-upper', 'retries']
const sticky = builtInAssignors.get('sticky')!
const cooperative = builtInAssignors.get('cooperative-sticky')!

function seeded(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

type Random = ReturnType<typeof seeded>

function someTopics(random: Random, topics: readonly string[]): string[] {
  const some = topics.filter(() => random(3) > 0)
  return some.length === 0 ? [topics[random(topics.length)]!] : some
}

/** Gives everybody what the sticky assignor would give them if nobody had had anything. */
function settle(members: Member[], partitions: ReadonlyMap<string, number>): void {
  const nothing = { userData: null, ownedPartitions: new Map(), generationId: -1, rackId: null }
  const fresh = members.map(({ memberId, topics }): AssignorMember => {
    return { memberId, groupInstanceId: null, subscription: { topics, ...nothing } }
  })
  const assignments = sticky.assign({ members: fresh, partitions })
  for (const member of members) {
    member.owned = assignments.get(member.memberId)!
    member.generationId = GENERATION
  }
}

/** What happens to a settled group before its next rebalance. */
const events: Record<string, (group: { members: Member[]; partitions: Map<string, number> }, random: Random) => void> =
  {
    'rejoins as it was': () => undefined,
    'starts from nothing': ({ members }) => {
      for (const member of members) Object.assign(member, { owned: new Map(), generationId: -1 })
    },
    'loses a member': ({ members }, random) => members.splice(random(members.length), 1),
    'loses half of its members': ({ members }) => members.splice(0, members.length >> 1),
    'gains a member': ({ members }, random) => {
      const { topics } = members[random(members.length)]!
      members.push({ memberId: 'joined', topics, owned: new Map(), generationId: -1 })
    },
    'gains three members': ({ members }) => {
      const { topics } = members[0]!
      for (const memberId of ['aa', 'member-5', 'zz']) {
        members.push({ memberId, topics, owned: new Map(), generationId: -1 })
      }
    },
    'gets more partitions': ({ partitions }) => {
      for (const [topic, count] of partitions) partitions.set(topic, count + 3)
    },
    'loses a topic': ({ partitions }, random) => partitions.delete([...partitions.keys()][random(partitions.size)]!),
    'has a member that subscribes anew': ({ members, partitions }, random) => {
      members[random(members.length)]!.topics = someTopics(random, [...partitions.keys()])
    },
    'has two members that claim the same': ({ members }) => {
      const [first, second] = members
      if (first !== undefined && second !== undefined) second.owned = new Map([...second.owned, ...first.owned])
    },
    'has a member that comes back from an older generation': ({ members }) => {
      const [first, second] = members
      if (first === undefined || second === undefined) return
      first.owned = new Map([...first.owned, ...second.owned])
      first.generationId = GENERATION - 2
    },
    'is out of balance': ({ members }) => {
      const [first, second] = members
      if (first === undefined || second === undefined) return
      for (const [topic, list] of second.owned) {
        if (first.topics.includes(topic)) first.owned.set(topic, [...(first.owned.get(topic) ?? []), ...list])
      }
      second.owned = new Map()
    },
  }

function inHex({ topics, owned, generationId }: Member, version: number): Record<string, string> {
  const subscription = (userData: Buffer | null): string =>
    encodeSubscription({ topics, userData, ownedPartitions: owned, generationId }, version).toString('hex')
  const previous = { partitions: owned, generationId }
  return {
    sticky: subscription(sticky.subscriptionUserData!(previous)),
    'cooperative-sticky': subscription(cooperative.subscriptionUserData!(previous)),
  }
}

/** `rounds` groups for each event, half of them with equal subscriptions. Older subscription versions take their turn. */
export function stickyGroups(rounds: number): StickyGroup[] {
  const groups: StickyGroup[] = []
  for (const [index, [event, happen]] of Object.entries(events).entries()) {
    for (let round = 0; round < rounds; round++) {
      const random = seeded(index * 1000 + round)
      for (let i = 0; i < 5; i++) random(2)
      const topics = names.slice(0, 1 + random(names.length))
      const partitions = new Map(topics.map((topic) => [topic, 1 + random(9)]))
      const areEqual = round % 2 === 0
      const members = Array.from({ length: 2 + random(6) }, (_, i): Member => {
        const wanted = areEqual ? topics : someTopics(random, topics)
        return { memberId: `member-${(i * 7) % 10}`, topics: wanted, owned: new Map(), generationId: -1 }
      })
      settle(members, partitions)
      happen({ members, partitions }, random)
      const version = round % 5 === 4 ? 1 : 3
      groups.push({
        kind: `${areEqual ? 'equal' : 'unequal'}, ${event}`,
        members: members.map((member) => [member.memberId, inHex(member, version)]),
        partitions: [...partitions],
      })
    }
  }
  return groups
}

// describe-group GROUP [--state] [--members] [--offsets] [--watch]
import type { Admin, GroupMember, PartitionLag } from '@goqueue/client'
import type { Command } from '../command.ts'
import { UsageError } from '../failure.ts'
import { groupArgument } from '../group-id.ts'
import { shortNames } from '../member-names.ts'
import { aboutGroup } from '../not-found.ts'
import type { GlobalOptions, Result } from '../session.ts'
import { facts, table } from '../table.ts'
import { timeSpan } from '../text.ts'
import { watch } from '../watch.ts'

interface Options extends GlobalOptions {
  group: string
  members: boolean
  offsets: boolean
  state: boolean
  watch: boolean
}

const flag = (describe: string) => ({ type: 'boolean', describe, default: false }) as const

export const describeGroup: Command<Options> = {
  usage: 'describe-group <group>',
  summary: 'Show the state, members, committed offsets and lag of a group',
  options: (parser) =>
    parser
      .positional('group', groupArgument)
      .option('state', flag('only its state, coordinator and assignor'))
      .option('members', flag('only its members, and what each has assigned'))
      .option('offsets', flag('only its offsets and lag'))
      .option('watch', flag('show it again every 2 seconds, until Ctrl-C'))
      .check(({ watch, output }) => {
        if (watch && output === 'json') throw new UsageError('--watch is for people, so --output json has no place.')
        return true
      }, false),

  async run(session, { group: groupId, state, members, offsets, watch: isWatched }) {
    const admin = (await session.client()).admin()
    const isAll = !state && !members && !offsets
    const parts = { members: isAll || members, offsets: isAll || offsets, isDetailed: members }
    if (isWatched) await watch(session, async () => (await picture(admin, groupId, parts)).text)
    else await session.print(await picture(admin, groupId, parts))
  },
}

interface Parts {
  members: boolean
  offsets: boolean
  /** Each member with its partitions by number. */
  isDetailed: boolean
}

async function picture(admin: Admin, groupId: string, parts: Parts): Promise<Result> {
  const group = await aboutGroup(groupId, admin.describeGroup(groupId))
  const { state, protocolType, coordinator, assignor, members } = group
  const { partitions, lag: totalLag } = parts.offsets ? await admin.lag(groupId) : { partitions: [], lag: 0 }
  return {
    json: {
      groupId,
      state,
      protocolType,
      coordinator,
      assignor,
      ...(parts.members && { members }),
      ...(parts.offsets && { partitions: partitions.map(withoutPace), totalLag }),
    },
    text: [
      facts([
        ['Group', groupId],
        ['State', state],
        ['Coordinator', coordinator],
        ['Assignor', assignor || null],
        ...(parts.offsets ? [['Total lag', totalLag] as const] : [['Members', members.length] as const]),
      ]),
      ...(parts.members
        ? [members.length === 0 ? 'It has no members.\n' : memberTable(members, parts.isDetailed)]
        : []),
      ...(parts.offsets
        ? [partitions.length === 0 ? 'It has committed nothing.\n' : partitionTable(partitions, members)]
        : []),
    ].join('\n'),
  }
}

/** Who looks once sees no pace: `lag` is the command for that. */
function withoutPace({ topic, partition, committedOffset, logEndOffset, lag, timeBehindMs, owner }: PartitionLag) {
  return { topic, partition, committedOffset, logEndOffset, lag, timeBehindMs, owner }
}

function memberTable(members: readonly GroupMember[], isDetailed: boolean): string {
  const short = shortNames(members.map(({ memberId }) => memberId))
  return table(members, [
    { heading: 'MEMBER', cell: ({ memberId }) => short(memberId) },
    { heading: 'CONSUMER ID', cell: ({ consumerId }) => consumerId, align: 'left' },
    { heading: 'CLIENT ID', cell: ({ clientId }) => clientId },
    { heading: 'HOST', cell: ({ host }) => host },
    {
      heading: 'PARTITIONS',
      cell: ({ assignment }) => (isDetailed ? assigned(assignment) : Object.values(assignment).flat().length),
    },
  ])
}

/** orders: 0, 3; payments: 1 */
function assigned(assignment: GroupMember['assignment']): string | null {
  const topics = Object.entries(assignment).map(([topic, partitions]) => `${topic}: ${partitions.join(', ')}`)
  return topics.length === 0 ? null : topics.join('; ')
}

function partitionTable(partitions: readonly PartitionLag[], members: readonly GroupMember[]): string {
  const names = new Map(members.map(({ memberId, consumerId }) => [memberId, consumerId ?? memberId]))
  const short = shortNames(names.values())
  return table(partitions, [
    { heading: 'TOPIC', cell: ({ topic }) => topic },
    { heading: 'PARTITION', cell: ({ partition }) => partition },
    { heading: 'COMMITTED', cell: ({ committedOffset }) => committedOffset },
    { heading: 'LOG END', cell: ({ logEndOffset }) => logEndOffset },
    { heading: 'LAG', cell: ({ lag }) => lag },
    { heading: 'TIME BEHIND', cell: ({ timeBehindMs }) => timeSpan(timeBehindMs) },
    {
      heading: 'OWNER',
      cell: ({ owner }) => (owner === null ? null : short(names.get(owner) ?? owner)),
      align: 'left',
    },
  ])
}

// describe-group GROUP
import type { GroupMember } from '@goqueue/client'
import type { Command } from '../command.ts'
import { lagOf, type PartitionLag } from '../group-lag.ts'
import { aboutGroup } from '../not-found.ts'
import type { GlobalOptions } from '../session.ts'
import { facts, table } from '../table.ts'

interface Options extends GlobalOptions {
  group: string
}

export const describeGroup: Command<Options> = {
  usage: 'describe-group <group>',
  summary: 'Show the state, members, committed offsets and lag of a group',
  options: (parser) => parser.positional('group', { type: 'string', describe: 'a group id', demandOption: true }),

  async run(session, { group: groupId }) {
    const admin = (await session.client()).admin()
    const { state, protocolType, coordinator, assignor, members, ...group } = await aboutGroup(
      groupId,
      admin.describeGroup(groupId),
    )
    const partitions = await lagOf(admin, { ...group, state, protocolType, coordinator, assignor, members })
    const totalLag = partitions.reduce((sum, { lag }) => sum + (lag ?? 0), 0)
    await session.print({
      json: { groupId, state, protocolType, coordinator, assignor, members, partitions, totalLag },
      text: [
        facts([
          ['Group', groupId],
          ['State', state],
          ['Coordinator', coordinator],
          ['Assignor', assignor || null],
          ['Total lag', totalLag],
        ]),
        members.length === 0 ? 'It has no members.\n' : memberTable(members),
        partitions.length === 0 ? 'It has committed nothing.\n' : partitionTable(partitions, members),
      ].join('\n'),
    })
  },
}

function memberTable(members: readonly GroupMember[]): string {
  return table(members, [
    { heading: 'MEMBER', cell: ({ memberId }) => memberId },
    { heading: 'CONSUMER ID', cell: ({ consumerId }) => consumerId },
    { heading: 'CLIENT ID', cell: ({ clientId }) => clientId },
    { heading: 'HOST', cell: ({ host }) => host },
    { heading: 'PARTITIONS', cell: ({ assignment }) => Object.values(assignment).flat().length },
  ])
}

function partitionTable(partitions: readonly PartitionLag[], members: readonly GroupMember[]): string {
  const names = new Map(members.map(({ memberId, consumerId }) => [memberId, consumerId ?? memberId]))
  return table(partitions, [
    { heading: 'TOPIC', cell: ({ topic }) => topic },
    { heading: 'PARTITION', cell: ({ partition }) => partition },
    { heading: 'COMMITTED', cell: ({ committedOffset }) => committedOffset },
    { heading: 'LOG END', cell: ({ logEndOffset }) => logEndOffset },
    { heading: 'LAG', cell: ({ lag }) => lag },
    { heading: 'OWNER', cell: ({ owner }) => (owner === null ? null : (names.get(owner) ?? owner)) },
  ])
}

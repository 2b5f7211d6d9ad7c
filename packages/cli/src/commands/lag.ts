// lag [GROUP] [--sample-ms MS] [--watch]
import { setTimeout } from 'node:timers/promises'
import type { Admin, GroupLag, LagTotal, MemberLag, PartitionLag } from '@goqueue/client'
import type { Command } from '../command.ts'
import { codeOf, UsageError } from '../failure.ts'
import { groupArgument } from '../group-id.ts'
import { integer } from '../integer.ts'
import { shortNames } from '../member-names.ts'
import { aboutGroup } from '../not-found.ts'
import type { GlobalOptions, Result } from '../session.ts'
import { facts, table, type Column } from '../table.ts'
import { timeSpan } from '../text.ts'
import { watch } from '../watch.ts'

interface Options extends GlobalOptions {
  group: string | undefined
  'sample-ms': number | undefined
  watch: boolean
}

/** What was observed before, by group: how long it will take is told by the commits since. */
type Previous = ReadonlyMap<string, GroupLag>

export const lag: Command<Options> = {
  usage: 'lag [group]',
  summary: 'Show how far groups are behind, in records and in time',
  options: (parser) =>
    parser
      .positional('group', {
        type: 'string',
        describe: 'a group id; all groups where there is none',
        coerce: (given: string | undefined) => (given === undefined ? undefined : groupArgument.coerce(given)),
      })
      .option('sample-ms', {
        type: 'string',
        describe: 'look twice, this far apart, and estimate how long it will take',
        requiresArg: true,
        coerce: integer('sample-ms', 1),
      })
      .option('watch', {
        type: 'boolean',
        describe: 'show it again every 2 seconds, until Ctrl-C',
        default: false,
      })
      .check(({ watch, output, 'sample-ms': sampleMs }) => {
        if (watch && output === 'json') throw new UsageError('--watch is for people, so --output json has no place.')
        if (watch && sampleMs !== undefined) throw new UsageError('--watch looks again anyway: leave --sample-ms out.')
        return true
      }, false),

  async run(session, { group: groupId, sampleMs, watch: isWatched }) {
    const admin = (await session.client()).admin()
    let previous: Previous = new Map()
    const look = async () => {
      const seen = await observe(admin, groupId, previous)
      previous = new Map(seen.map((group) => [group.groupId, group]))
      return seen
    }
    const picture = (seen: GroupLag[]) => (groupId === undefined ? ofAll(seen) : ofOne(seen[0]!))
    if (isWatched) return watch(session, async () => picture(await look()).text)
    const seen = await look()
    if (sampleMs === undefined) return session.print(picture(seen))
    await setTimeout(sampleMs, undefined, { signal: session.enough }).catch(() => {})
    await session.print(picture(await look()))
  },
}

/** One group, which must be there, or all that are. */
async function observe(admin: Admin, groupId: string | undefined, before: Previous): Promise<GroupLag[]> {
  const lagOf = (id: string) => admin.lag(id, { previous: before.get(id) })
  if (groupId !== undefined) return [await aboutGroup(groupId, lagOf(groupId))]
  const groups = await admin.listGroups()
  const seen: GroupLag[] = []
  for (const { groupId: id, protocolType } of groups) {
    if (protocolType !== 'consumer' && protocolType !== '') continue // Connect's workers and the like read no partitions
    const found = await lagOf(id).catch((error: unknown) => {
      if (codeOf(error) !== 'GROUP_ID_NOT_FOUND') throw error
      return null // gone since it was listed
    })
    if (found !== null) seen.push(found)
  }
  return seen
}

function ofAll(groups: readonly GroupLag[]): Result {
  return {
    json: groups,
    text:
      groups.length === 0
        ? 'There are no groups.\n'
        : table(groups, [
            { heading: 'GROUP', cell: ({ groupId }) => groupId },
            { heading: 'STATE', cell: ({ state }) => state },
            ...totals<GroupLag>(),
          ]),
  }
}

function ofOne(group: GroupLag): Result {
  const { groupId, state, members, partitions } = group
  return {
    json: group,
    text: [
      facts([
        ['Group', groupId],
        ['State', state],
        ['Lag', group.lag],
        ['Time behind', timeSpan(group.timeBehindMs)],
        ['Time to drain', timeSpan(group.drainMs)],
      ]),
      ...(members.length === 0 ? [] : [memberTable(members)]),
      partitions.length === 0 ? 'It has committed nothing.\n' : partitionTable(group),
    ].join('\n'),
  }
}

function memberTable(members: readonly MemberLag[]): string {
  const short = shortNames(members.map(nameOf))
  return table(members, [
    { heading: 'MEMBER', cell: (member) => short(nameOf(member)) },
    { heading: 'CLIENT ID', cell: ({ clientId }) => clientId },
    { heading: 'HOST', cell: ({ host }) => host },
    ...totals<MemberLag>(),
  ])
}

function partitionTable({ members, partitions }: GroupLag): string {
  const names = new Map(members.map((member) => [member.memberId, nameOf(member)]))
  const short = shortNames(names.values())
  return table(partitions, [
    { heading: 'TOPIC', cell: ({ topic }) => topic },
    { heading: 'PARTITION', cell: ({ partition }) => partition },
    { heading: 'COMMITTED', cell: ({ committedOffset }) => committedOffset },
    { heading: 'LOG END', cell: ({ logEndOffset }) => logEndOffset },
    ...totals<PartitionLag>(),
    {
      heading: 'OWNER',
      cell: ({ owner }) => (owner === null ? null : short(names.get(owner) ?? owner)),
      align: 'left',
    },
  ])
}

function nameOf({ memberId, consumerId }: MemberLag): string {
  return consumerId ?? memberId
}

type Totals = { readonly [K in keyof LagTotal]: LagTotal[K] | null }

function totals<Row extends Totals>(): Column<Row>[] {
  return [
    { heading: 'LAG', cell: (row) => row.lag },
    { heading: 'TIME BEHIND', cell: (row) => timeSpan(row.timeBehindMs) },
    { heading: 'TIME TO DRAIN', cell: (row) => timeSpan(row.drainMs) },
  ]
}

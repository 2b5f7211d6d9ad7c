// reset-offsets GROUP --topic T[:p,p] --to-… [--execute] [--wait] [--export]
import { setTimeout } from 'node:timers/promises'
import type { Admin, GroupDescription } from '@goqueue/client'
import type { Command } from '../command.ts'
import { executeOption, NOTHING_CHANGED } from '../execute.ts'
import { CommandError, UsageError } from '../failure.ts'
import { groupArgument } from '../group-id.ts'
import { integer } from '../integer.ts'
import { findGroup, membersAsJson, named } from '../members.ts'
import { noSuchGroup } from '../not-found.ts'
import { offsetsToCsv } from '../offsets-csv.ts'
import { planReset, type PlannedReset } from '../reset-plan.ts'
import { resetTarget, TARGETS, type TargetOptions } from '../reset-target.ts'
import type { GlobalOptions, Session } from '../session.ts'
import { table } from '../table.ts'
import { dateTime, duration } from '../time.ts'
import { count, grouped, printable } from '../text.ts'
import { partitionsOf, topicOption, type TopicSelection } from '../topic-partitions.ts'

interface Options extends GlobalOptions, TargetOptions {
  group: string
  topic: TopicSelection[] | undefined
  execute: boolean
  wait: boolean
  export: boolean
}

const WAIT_INTERVAL_MS = 500
const flag = (describe: string) => ({ type: 'boolean', describe }) as const

export const resetOffsets: Command<Options> = {
  usage: 'reset-offsets <group>',
  summary: 'Say where a group would go on reading; with --execute, make it so',
  options: (parser) =>
    parser
      .positional('group', { ...groupArgument, describe: 'a group without members' })
      .option('topic', topicOption)
      .option('to-earliest', flag('to the first record that is there'))
      .option('to-latest', flag('behind the last record'))
      .option('to-current', flag('to what is committed, moved into the log where it is outside'))
      .option('to-offset', {
        type: 'string',
        describe: 'to this offset',
        requiresArg: true,
        coerce: integer('to-offset', 0),
      })
      .option('to-datetime', {
        type: 'string',
        describe: 'to the first record at or after this time, such as 2026-03-01T12:00:00Z; UTC unless it says',
        requiresArg: true,
        coerce: dateTime('to-datetime'),
      })
      .option('by-duration', {
        type: 'string',
        describe: 'to the first record not older than this, such as P1D or PT6H',
        requiresArg: true,
        coerce: duration('by-duration'),
      })
      .option('shift-by', {
        type: 'string',
        describe: 'by so many records on from what is committed, or back with a minus',
        requiresArg: true,
        coerce: readShift,
      })
      .option('from-file', {
        type: 'string',
        describe: 'to the offsets of this file, a line each: TOPIC,PARTITION,OFFSET',
        requiresArg: true,
      })
      .option('execute', executeOption)
      .option('wait', { ...flag('with --execute: wait until the group has no members'), default: false })
      .option('export', { ...flag('print the new offsets as lines for --from-file'), default: false })
      .check((given) => {
        refuseNonsense(given)
        return true
      }, false),

  async run(session, options) {
    const { group: groupId, execute } = options
    const admin = (await session.client()).admin()
    const target = await resetTarget(options, Date.now())
    const selections =
      target.to === 'listed'
        ? target.offsets.map(({ topic, partition }) => ({ topic, partitions: [partition] }))
        : (options.topic ?? [])
    const places = await partitionsOf(admin, selections)
    const group = await emptied(session, admin, options)
    const members = group?.members ?? []
    if (group === null && target.to === 'shifted') throw noSuchGroup(groupId)
    if (execute && members.length > 0) throw new CommandError(inTheWay(groupId, members))
    const plan = await planReset(admin, groupId, places, target)
    if (execute && plan.length > 0) {
      await admin.alterGroupOffsets(
        groupId,
        plan.map(({ topic, partition, newOffset }) => ({ topic, partition, offset: newOffset })),
      )
    }
    if (options.export) {
      await session.write(offsetsToCsv(plan.map((row) => ({ ...row, offset: row.newOffset }))))
      return
    }
    await session.print({
      json: {
        groupId,
        state: group?.state ?? null,
        members: membersAsJson(members),
        partitions: plan,
        executed: execute,
      },
      text:
        plan.length === 0
          ? nothingToReset(groupId, group)
          : foundation(groupId, group, execute) + described(groupId, plan, execute) + outlook(),
    })

    function outlook(): string {
      if (execute) return ''
      return `\n${members.length === 0 ? NOTHING_CHANGED : `Nothing was changed. ${inTheWay(groupId, members)}\n`}`
    }
  },
}

function refuseNonsense(given: Options): void {
  const flags = TARGETS.map((name) => `--${name}`).join(', ')
  const chosen = TARGETS.filter((name) => given[name] !== undefined && given[name] !== false)
  if (chosen.length !== 1) throw new UsageError(`Say where to, once: one of ${flags}.`)
  if ((given.topic === undefined) === (given['from-file'] === undefined)) {
    throw new UsageError(
      given.topic === undefined
        ? 'Name the topics with --topic.'
        : '--from-file names the partitions, so --topic has no place.',
    )
  }
  if (given.wait && !given.execute) throw new UsageError('--wait is for --execute: a plan waits for nobody.')
  if (given.export && given.output === 'json')
    throw new UsageError('--export prints lines, so --output json has no place.')
}

/** The group, when it has become empty if that is waited for. */
async function emptied(
  session: Session,
  admin: Admin,
  { group: groupId, wait }: Pick<Options, 'group' | 'wait'>,
): Promise<GroupDescription | null> {
  let group = await findGroup(admin, groupId)
  while (wait && group !== null && group.members.length > 0) {
    session.progress(`waiting for ${count(group.members.length, 'member')} to leave`)
    await setTimeout(WAIT_INTERVAL_MS, undefined, { signal: session.enough }).catch(() => {})
    if (session.enough.aborted) throw new CommandError('The group still has members, and nothing was changed.')
    group = await findGroup(admin, groupId)
  }
  session.progress('')
  return group
}

function inTheWay(groupId: string, members: GroupDescription['members']): string {
  return `Group '${printable(groupId)}' has members, who commit its offsets: ${named(members)}; stop them, and let --wait wait until they are gone.`
}

function nothingToReset(groupId: string, group: GroupDescription | null): string {
  const why = group === null ? 'does not exist' : 'has committed nothing there'
  return `Group ${printable(groupId)} ${why}, so there is nothing to reset.\n`
}

/** A group that has not existed may be a mistyped name, which the table alone would not show. */
function foundation(groupId: string, group: GroupDescription | null, execute: boolean): string {
  if (group !== null) return ''
  const name = printable(groupId)
  return execute
    ? `Group ${name} did not exist and was made.\n\n`
    : `Group ${name} does not exist and would be made.\n\n`
}

function described(groupId: string, plan: readonly PlannedReset[], execute: boolean): string {
  const what = `${count(plan.length, 'offset')} of group ${printable(groupId)}`
  const rows = table(plan, [
    { heading: 'TOPIC', cell: ({ topic }) => topic },
    { heading: 'PARTITION', cell: ({ partition }) => partition },
    { heading: 'CURRENT', cell: ({ currentOffset }) => currentOffset },
    { heading: 'NEW', cell: ({ newOffset }) => newOffset },
    { heading: 'DIFFERENCE', cell: ({ difference }) => difference },
  ])
  const moved = plan.flatMap(({ topic, partition, newOffset, movedTo }) => {
    const where = `partition ${partition} of ${printable(topic)} ${movedTo === 'begin' ? 'begins' : 'ends'} at`
    return movedTo === null ? [] : [`Moved into the log: ${where} ${grouped(newOffset)}.\n`]
  })
  const notes = moved.length === 0 ? '' : `\n${moved.join('')}`
  return `${execute ? 'Reset' : 'Would reset'} ${what}:\n\n${rows}${notes}`
}

function readShift(given: unknown): number | undefined {
  if (given === undefined) return undefined
  const value = typeof given === 'string' && /^[+-]?\d+$/.test(given) ? Number(given) : NaN
  if (Number.isSafeInteger(value)) return value
  throw new UsageError(`--shift-by takes one whole number such as -100 or +5, not '${String(given)}'.`)
}

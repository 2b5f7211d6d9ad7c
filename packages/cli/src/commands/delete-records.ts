// delete-records TOPIC --before p:offset… [--execute]
import type { Command } from '../command.ts'
import { executeOption, NOTHING_CHANGED } from '../execute.ts'
import { CommandError, UsageError } from '../failure.ts'
import { aboutTopic } from '../not-found.ts'
import type { GlobalOptions } from '../session.ts'
import { table } from '../table.ts'
import { count, grouped, printable } from '../text.ts'
import { topicArgument } from '../topic-name.ts'

interface Before {
  partition: number
  before: number | 'end'
}

interface Options extends GlobalOptions {
  topic: string
  before: Before[]
  execute: boolean
}

export const deleteRecords: Command<Options> = {
  usage: 'delete-records <topic>',
  summary: 'Say which records of a topic would be deleted; with --execute, delete them',
  options: (parser) =>
    parser
      .positional('topic', topicArgument)
      .option('before', {
        type: 'string',
        describe: 'P:OFFSET, the first offset to keep in partition P, or P:end to keep none; may be repeated',
        requiresArg: true,
        demandOption: true,
        coerce: readBefores,
      })
      .option('execute', executeOption),

  async run(session, { topic: name, before: befores, execute }) {
    const admin = (await session.client()).admin()
    const { partitionDetails } = await aboutTopic(name, admin.describeTopic(name))
    const plan = befores.map(({ partition, before }) => {
      const found = partitionDetails[partition]
      if (found === undefined) {
        throw new CommandError(`Topic '${name}' has no partition ${partition}, but ${partitionDetails.length} from 0.`)
      }
      const { beginOffset, endOffset } = found
      if (before !== 'end' && before > endOffset) {
        throw new CommandError(
          `Partition ${partition} of '${name}' ends at offset ${grouped(endOffset)}, before ${grouped(before)}; ${partition}:end deletes all of it.`,
        )
      }
      const newBeginOffset = Math.max(beginOffset, before === 'end' ? endOffset : before)
      return { partition, beginOffset, newBeginOffset, endOffset, offsets: newBeginOffset - beginOffset }
    })
    if (execute) {
      // The offsets of the plan, not 'end': what is produced meanwhile was not in it.
      await admin.deleteRecords(
        plan.map(({ partition, newBeginOffset }) => ({ topic: name, partition, before: newBeginOffset })),
      )
    }
    const offsets = plan.reduce((sum, row) => sum + row.offsets, 0)
    const rows = table(plan, [
      { heading: 'PARTITION', cell: ({ partition }) => partition },
      { heading: 'BEGIN', cell: ({ beginOffset }) => beginOffset },
      { heading: 'NEW BEGIN', cell: ({ newBeginOffset }) => newBeginOffset },
      { heading: 'END', cell: ({ endOffset }) => endOffset },
      { heading: 'OFFSETS', cell: (row) => row.offsets },
    ])
    const what = `${count(offsets, 'record')} of topic ${printable(name)}`
    await session.print({
      json: { name, partitions: plan, offsets, executed: execute },
      text: execute ? `Deleted ${what}:\n\n${rows}` : `Would delete ${what}:\n\n${rows}\n${NOTHING_CHANGED}`,
    })
  },
}

function readBefores(given: string | readonly string[]): Before[] {
  const befores = new Map<number, Before>()
  for (const text of [given].flat()) {
    const match = /^(\d{1,10}):(\d{1,15}|end)$/.exec(text)
    if (match === null) throw new UsageError(`--before takes PARTITION:OFFSET or PARTITION:end, not '${text}'.`)
    const partition = Number(match[1])
    if (befores.has(partition)) throw new UsageError(`--before names partition ${partition} twice.`)
    befores.set(partition, { partition, before: match[2] === 'end' ? 'end' : Number(match[2]) })
  }
  return [...befores.values()]
}

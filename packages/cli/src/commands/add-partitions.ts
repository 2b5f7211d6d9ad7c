// add-partitions TOPIC --partitions N
import type { Command } from '../command.ts'
import { CommandError } from '../failure.ts'
import { integer } from '../integer.ts'
import { aboutTopic } from '../not-found.ts'
import type { GlobalOptions } from '../session.ts'
import { count, printable } from '../text.ts'
import { topicArgument } from '../topic-name.ts'

interface Options extends GlobalOptions {
  topic: string
  partitions: number
}

export const addPartitions: Command<Options> = {
  usage: 'add-partitions <topic>',
  summary: 'Give a topic more partitions',
  options: (parser) =>
    parser.positional('topic', topicArgument).option('partitions', {
      type: 'string',
      describe: 'how many it shall have in all',
      requiresArg: true,
      demandOption: true,
      coerce: (given: unknown) => integer('partitions', 1)(given) ?? 1,
    }),

  async run(session, { topic: name, partitions }) {
    const admin = (await session.client()).admin()
    const before = (await aboutTopic(name, admin.describeTopic(name))).partitions
    if (partitions <= before) {
      throw new CommandError(`Topic '${name}' has ${count(before, 'partition')} already, and none can be taken away.`)
    }
    await aboutTopic(name, admin.createPartitions(name, partitions))
    await session.print({
      json: { name, partitionsBefore: before, partitions },
      text: `Topic ${printable(name)} has ${count(partitions, 'partition')} now, and had ${before}. Records with a key may go to other partitions than before.\n`,
    })
  },
}

// create-topic NAME [--partitions N] [--config KEY=VALUE]…
import type { Command } from '../command.ts'
import { integer } from '../integer.ts'
import { keyValues } from '../key-values.ts'
import { aboutTopic } from '../not-found.ts'
import type { GlobalOptions } from '../session.ts'
import { count, printable } from '../text.ts'
import { topicArgument } from '../topic-name.ts'

interface Options extends GlobalOptions {
  name: string
  partitions: number | undefined
  'replication-factor': number | undefined
  config: Record<string, string>
}

export const createTopic: Command<Options> = {
  usage: 'create-topic <name>',
  summary: 'Create a topic',
  options: (parser) =>
    parser
      .positional('name', { ...topicArgument, describe: 'up to 249 letters, digits, ".", "_" and "-"' })
      .option('partitions', {
        type: 'string',
        describe: "how many consumers of a group can share the topic; the cluster's default unless given",
        requiresArg: true,
        coerce: integer('partitions', 1),
      })
      .option('replication-factor', {
        type: 'string',
        describe: "copies of each partition; the cluster's default unless given",
        requiresArg: true,
        coerce: integer('replication-factor', 1),
      })
      .option('config', {
        type: 'string',
        describe: "KEY=VALUE, one of Kafka's topic configs, such as retention.ms=3600000; may be repeated",
        requiresArg: true,
        default: [],
        coerce: keyValues('config'),
      }),

  async run(session, { name, partitions: wanted, replicationFactor, config }) {
    const admin = (await session.client()).admin()
    await aboutTopic(name, admin.createTopic({ name, partitions: wanted, replicationFactor, configs: config }))
    const { topicId, partitions } = await admin.describeTopic(name)
    await session.print({
      json: { name, topicId, partitions },
      text: `Created topic ${printable(name)} with ${count(partitions, 'partition')}.\n`,
    })
  },
}

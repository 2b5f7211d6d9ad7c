// describe-config TOPIC, or describe-config --node ID
import type { ConfigEntry } from '@goqueue/client'
import type { Command } from '../command.ts'
import { UsageError } from '../failure.ts'
import { integer } from '../integer.ts'
import { aboutTopic } from '../not-found.ts'
import type { GlobalOptions } from '../session.ts'
import { table } from '../table.ts'
import { topicName } from '../topic-name.ts'

interface Options extends GlobalOptions {
  topic: string | undefined
  node: number | undefined
}

/** Kafka's words for where a value comes from, for people. */
const SOURCES: Partial<Record<ConfigEntry['source'], string>> = {
  DYNAMIC_TOPIC_CONFIG: 'set for the topic',
  DYNAMIC_BROKER_CONFIG: 'set for the broker',
  DYNAMIC_DEFAULT_BROKER_CONFIG: 'set for all brokers',
  STATIC_BROKER_CONFIG: "the broker's start",
  DEFAULT_CONFIG: 'default',
}

export const describeConfig: Command<Options> = {
  usage: 'describe-config [topic]',
  summary: 'Show the configs in force for a topic or a broker, and where each comes from',
  options: (parser) =>
    parser
      .positional('topic', {
        type: 'string',
        describe: 'a topic',
        coerce: (given: string | undefined) => (given === undefined ? undefined : topicName(given)),
      })
      .option('node', {
        type: 'string',
        describe: 'the node id of a broker, in place of a topic',
        requiresArg: true,
        coerce: integer('node', 0),
      })
      .check(({ topic, node }) => {
        if ((topic === undefined) === (node === undefined))
          throw new UsageError('Name a topic, or a broker with --node.')
        return true
      }, false),

  async run(session, { topic, node }) {
    const admin = (await session.client()).admin()
    const configs =
      topic === undefined
        ? await admin.describeConfigs({ broker: node ?? 0 })
        : await aboutTopic(topic, admin.describeConfigs({ topic }))
    await session.print({
      json: configs.map(({ name, value, source, isReadOnly, isSensitive }) => {
        return { name, value, source, isReadOnly, isSensitive }
      }),
      text:
        configs.length === 0
          ? 'It has no configs.\n'
          : table(configs, [
              { heading: 'CONFIG', cell: ({ name }) => name },
              { heading: 'VALUE', cell: ({ value, isSensitive }) => (isSensitive ? '(secret)' : value) },
              { heading: 'FROM', cell: ({ source }) => SOURCES[source] ?? source },
            ]),
    })
  },
}

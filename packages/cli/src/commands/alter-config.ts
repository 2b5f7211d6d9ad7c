// alter-config TOPIC [--set KEY=VALUE]… [--delete KEY]… [--execute]
import type { Command } from '../command.ts'
import { executeOption, NOTHING_CHANGED } from '../execute.ts'
import { UsageError } from '../failure.ts'
import { keyValues } from '../key-values.ts'
import { aboutTopic } from '../not-found.ts'
import type { GlobalOptions } from '../session.ts'
import { table } from '../table.ts'
import { count, printable } from '../text.ts'
import { topicArgument } from '../topic-name.ts'

interface Options extends GlobalOptions {
  topic: string
  set: Record<string, string>
  delete: string[]
  execute: boolean
}

export const alterConfig: Command<Options> = {
  usage: 'alter-config <topic>',
  summary: 'Say what changing configs of a topic would change; with --execute, change them',
  options: (parser) =>
    parser
      .positional('topic', topicArgument)
      .option('set', {
        type: 'string',
        describe: 'KEY=VALUE, such as retention.ms=3600000; may be repeated',
        requiresArg: true,
        default: [],
        coerce: keyValues('set'),
      })
      .option('delete', {
        type: 'string',
        describe: 'KEY of a config that goes back to its default; may be repeated',
        requiresArg: true,
        default: [],
        coerce: (given: string | readonly string[]) => [given].flat(),
      })
      .option('execute', executeOption)
      .check(({ set, delete: deleted }) => {
        const changed = Object.keys(set)
        if (changed.length + deleted.length === 0)
          throw new UsageError('Name a change: --set KEY=VALUE or --delete KEY.')
        const twice = deleted.find((key) => changed.includes(key))
        if (twice !== undefined) throw new UsageError(`${twice} is both set and deleted.`)
        return true
      }, false),

  async run(session, { topic, set, delete: deleted, execute }) {
    const admin = (await session.client()).admin()
    const before = new Map(
      (await aboutTopic(topic, admin.describeConfigs({ topic }))).map((config) => [config.name, config.value]),
    )
    // The cluster checks a plan too, so that one that is shown can be done.
    await aboutTopic(topic, admin.alterConfigs({ topic }, { set, delete: deleted }, { validateOnly: !execute }))
    const changes = [
      ...Object.entries(set).map(([name, value]) => ({ name, current: before.get(name) ?? null, new: value })),
      ...deleted.map((name) => ({ name, current: before.get(name) ?? null, new: null })),
    ]
    const rows = table(changes, [
      { heading: 'CONFIG', cell: ({ name }) => name },
      { heading: 'CURRENT', cell: ({ current }) => current },
      { heading: 'NEW', cell: (change) => change.new ?? '(default)' },
    ])
    const what = `${count(changes.length, 'config')} of topic ${printable(topic)}`
    await session.print({
      json: { name: topic, changes, executed: execute },
      text: execute ? `Changed ${what}:\n\n${rows}` : `Would change ${what}:\n\n${rows}\n${NOTHING_CHANGED}`,
    })
  },
}

// From arguments to a command that is ready to run, or to help, or to a mistake.
import yargs, { type ArgumentsCamelCase, type Argv } from 'yargs'
import type { Command } from './command.ts'
import { addPartitions } from './commands/add-partitions.ts'
import { alterConfig } from './commands/alter-config.ts'
import { consume } from './commands/consume.ts'
import { createTopic } from './commands/create-topic.ts'
import { deleteGroup } from './commands/delete-group.ts'
import { deleteOffsets } from './commands/delete-offsets.ts'
import { deleteRecords } from './commands/delete-records.ts'
import { deleteTopic } from './commands/delete-topic.ts'
import { describeConfig } from './commands/describe-config.ts'
import { describeGroup } from './commands/describe-group.ts'
import { describeTopic } from './commands/describe-topic.ts'
import { explainGroup } from './commands/explain-group.ts'
import { lag } from './commands/lag.ts'
import { listGroups } from './commands/list-groups.ts'
import { listTopics } from './commands/list-topics.ts'
import { produce } from './commands/produce.ts'
import { removeMembers } from './commands/remove-members.ts'
import { resetOffsets } from './commands/reset-offsets.ts'
import { UsageError } from './failure.ts'
import { integer } from './integer.ts'
import { sentenceOfMistake } from './mistake.ts'
import type { GlobalOptions, Session } from './session.ts'
import { packageVersion } from './version.ts'

/** What the arguments ask for: text to print, or a command with its options. */
export type Parsed =
  { help: string } | { options: ArgumentsCamelCase<GlobalOptions>; run: (session: Session) => Promise<void> }

/** Wide enough for every option with its default, the same on every terminal and in the documents. */
const HELP_COLUMNS = 110

/** Throws UsageError for what cannot be understood. */
export async function parseArguments(args: readonly string[]): Promise<Parsed> {
  let chosen: Parsed | undefined
  let parser = globalParser()
  const usages = new Map<string, string>()
  const register = <Options extends GlobalOptions>({ usage, summary, options, run }: Command<Options>) => {
    usages.set(usage.replace(/ .*/, ''), usage)
    parser = parser.command(usage, summary, options, (given) => {
      chosen = { options: given as ArgumentsCamelCase<GlobalOptions>, run: (session) => run(session, given) }
    })
  }
  register(createTopic)
  register(listTopics)
  register(describeTopic)
  register(addPartitions)
  register(describeConfig)
  register(alterConfig)
  register(deleteRecords)
  register(deleteTopic)
  register(produce)
  register(consume)
  register(listGroups)
  register(describeGroup)
  register(lag)
  register(explainGroup)
  register(resetOffsets)
  register(deleteOffsets)
  register(removeMembers)
  register(deleteGroup)

  let help = ''
  const mistakes: string[] = []
  parser.fail((message: string | null, error: Error | undefined) => mistakes.push(error?.message ?? message ?? ''))
  await parser.parseAsync([...args], {}, (_error, _argv, output) => {
    help = `${output}\n`
  })
  if (mistakes.length > 0) throw new UsageError(sentenceOfMistake(mistakes, args, usages))
  return chosen ?? { help }
}

function globalParser(): Argv<GlobalOptions> {
  return yargs([])
    .scriptName('goqueue-admin')
    .usage('$0: topics and consumer groups of any Kafka cluster.\n\nUsage: $0 [--broker HOST:PORT]… COMMAND')
    .detectLocale(false)
    .exitProcess(false)
    .showHelpOnFail(false)
    .wrap(HELP_COLUMNS)
    .parserConfiguration({
      'boolean-negation': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .strict()
    .demandCommand(1, 1, 'A command is needed')
    .help('help', 'print this and exit')
    .version('version', 'print the version and exit', packageVersion())
    .option('broker', {
      type: 'string',
      describe: 'HOST:PORT of a broker; may be given more than once',
      requiresArg: true,
      default: ['localhost:9092'],
      coerce: (given: string | string[]) => [given].flat(),
    })
    .option('output', {
      choices: ['table', 'json'] as const,
      describe: 'table for people, json for programs',
      requiresArg: true,
      default: 'table' as const,
    })
    .option('timeout-ms', {
      type: 'string',
      describe: 'how long a call may take, with the attempts after a failure',
      requiresArg: true,
      default: '5000',
      coerce: integer('timeout-ms', 1),
    })
    .group(['broker', 'output', 'timeout-ms', 'help', 'version'], 'Options of every command:') as Argv<GlobalOptions>
}

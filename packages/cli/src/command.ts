// What a command is: its words for the parser, and what it does.
import type { ArgumentsCamelCase, Argv } from 'yargs'
import type { GlobalOptions, Session } from './session.ts'

export interface Command<Options extends GlobalOptions> {
  /** The name and its arguments, as in the usage line: 'create-topic <name>'. */
  usage: string
  /** One line of help. */
  summary: string
  options(parser: Argv<GlobalOptions>): Argv<Options>
  /** Does it, and rejects with the reason when it cannot. */
  run(session: Session, options: ArgumentsCamelCase<Options>): Promise<void>
}

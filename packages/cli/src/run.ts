// One run of goqueue-admin, from arguments to exit code; nothing here knows that it is a process.
import {
  codeOf,
  CommandError,
  connectionFailure,
  FAILED,
  MISUSED,
  sentenceOf,
  SUCCEEDED,
  UsageError,
} from './failure.ts'
import { parseArguments, type Parsed } from './parse.ts'
import { Session } from './session.ts'
import type { Streams } from './streams.ts'
import { printable } from './text.ts'

/**
 * Runs one command and resolves with its exit code: 0 done, 1 it could not be done, 2 it was not understood. Every
 * failure is one sentence on stderr.
 */
export async function main(args: readonly string[], streams: Streams): Promise<number> {
  try {
    const parsed = await parseArguments(args)
    if ('help' in parsed) streams.stdout.write(parsed.help)
    else await runCommand(parsed, streams)
    return SUCCEEDED
  } catch (thrown) {
    const error = asMisuse(thrown)
    streams.stderr.write(`goqueue-admin: ${printable(sentenceOf(error))}\n`) // with names that others chose
    return error instanceof UsageError ? MISUSED : FAILED
  }
}

const FLAGS: readonly (readonly [option: RegExp, flag: string])[] = [
  [/^brokers\.\d+/, '--broker'],
  [/^timeoutMs/, '--timeout-ms'],
  [/^groupId/, '--group'],
]

/** What the client refuses of an option was typed here: which call refused it is nothing that the command line knows. */
function asMisuse(error: unknown): unknown {
  if (codeOf(error) !== 'INVALID_OPTIONS') return error
  const sentence = sentenceOf(error).replace(/^[\w. ]+: /, '')
  return new UsageError(FLAGS.reduce((text, [option, flag]) => text.replace(option, flag), sentence))
}

async function runCommand({ options, run }: Exclude<Parsed, { help: string }>, streams: Streams): Promise<void> {
  const session = new Session(streams, options)
  try {
    await run(session)
  } catch (error) {
    const failure = connectionFailure(error)
    if (failure === null) throw error
    const brokers = options.broker.join(', ')
    throw new CommandError(
      `No broker answers at ${brokers} (${failure.message}); --broker HOST:PORT says where to look.`,
    )
  } finally {
    await session.close()
  }
}

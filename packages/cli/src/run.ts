// One run of goqueue-admin, from arguments to exit code; nothing here knows that it is a process.
import { FAILED, MISUSED, sentenceOf, SUCCEEDED, UsageError } from './failure.ts'
import { parseArguments } from './parse.ts'
import { Session } from './session.ts'
import type { Streams } from './streams.ts'

/**
 * Runs one command and resolves with its exit code: 0 done, 1 it could not be done, 2 it was not understood. Every
 * failure is one sentence on stderr.
 */
export async function main(args: readonly string[], streams: Streams): Promise<number> {
  try {
    const parsed = await parseArguments(args)
    if ('help' in parsed) streams.stdout.write(parsed.help)
    else await runIn(new Session(streams, parsed.options), parsed.run)
    return SUCCEEDED
  } catch (error) {
    streams.stderr.write(`goqueue-admin: ${sentenceOf(error)}\n`)
    return error instanceof UsageError ? MISUSED : FAILED
  }
}

async function runIn(session: Session, run: (session: Session) => Promise<void>): Promise<void> {
  try {
    await run(session)
  } finally {
    await session.close()
  }
}

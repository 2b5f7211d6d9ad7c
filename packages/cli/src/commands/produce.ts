// produce TOPIC [--key-separator TEXT]: one record per line of stdin
import { addAbortSignal } from 'node:stream'
import type { ProducerRecord, RecordPlace } from '@goqueue/client'
import type { Command } from '../command.ts'
import { CommandError, UsageError } from '../failure.ts'
import { linesByChunk } from '../lines.ts'
import { aboutTopic } from '../not-found.ts'
import type { GlobalOptions, Session } from '../session.ts'
import { count, printable } from '../text.ts'
import { topicArgument } from '../topic-name.ts'

interface Options extends GlobalOptions {
  topic: string
  'key-separator': string | undefined
}

/** Sends under way; beyond it stdin is not read. */
const MAX_SENDS = 16
const PROGRESS_INTERVAL_MS = 100

export const produce: Command<Options> = {
  usage: 'produce <topic>',
  summary: 'Produce one record per line of stdin',
  options: (parser) =>
    parser.positional('topic', { ...topicArgument, describe: 'a topic that exists' }).option('key-separator', {
      type: 'string',
      describe: 'what stands before it in a line is the key: a text, or \\t for a tab',
      requiresArg: true,
      coerce: readSeparator,
    }),

  async run(session, { topic, keySeparator }) {
    const client = await session.client()
    await aboutTopic(topic, client.admin().describeTopic(topic)) // before anybody types into the void
    const producer = client.producer()
    const tally = new Tally(session, topic)
    const sends: Promise<void>[] = []
    const oldest = () => sends.shift() ?? Promise.resolve()
    let linesBefore = 0
    try {
      for await (const lines of linesUntilEnough(session)) {
        const { records, mistake } = recordsOf(topic, lines, linesBefore, keySeparator)
        linesBefore += lines.length
        const sent = producer.send(records).then((places) => tally.add(places))
        sent.catch(() => {}) // awaited below, in its turn
        sends.push(sent)
        if (mistake !== null) throw mistake
        if (sends.length >= MAX_SENDS) await oldest()
      }
    } finally {
      await Promise.allSettled(sends)
      tally.clearProgress()
    }
    while (sends.length > 0) await oldest()
    await session.print(tally.result())
  },
}

/** Ctrl-C means: that was all. What has been read is still sent. */
async function* linesUntilEnough(session: Session): AsyncGenerator<Buffer[]> {
  try {
    yield* linesByChunk(addAbortSignal(session.enough, session.stdin))
  } catch (error) {
    if (!session.enough.aborted) throw error
  }
}

/** The records up to the first line that is none. */
function recordsOf(
  topic: string,
  lines: readonly Buffer[],
  linesBefore: number,
  separator: string | undefined,
): { records: ProducerRecord[]; mistake: CommandError | null } {
  if (separator === undefined) return { records: lines.map((value) => ({ topic, value })), mistake: null }
  const records: ProducerRecord[] = []
  for (const [index, line] of lines.entries()) {
    const at = line.indexOf(separator)
    if (at < 0) {
      const what = `Line ${linesBefore + index + 1} has no key: '${printable(separator)}' is not in it`
      return { records, mistake: new CommandError(`${what}; nothing from this line on was produced.`) }
    }
    records.push({ topic, key: line.subarray(0, at), value: line.subarray(at + Buffer.byteLength(separator)) })
  }
  return { records, mistake: null }
}

function readSeparator(given: unknown): string | undefined {
  if (given === undefined) return undefined
  if (typeof given !== 'string' || given === '')
    throw new UsageError('--key-separator takes one text, such as : or \\t.')
  return given.replaceAll('\\t', '\t')
}

/** What was written where, and the line of progress about it. */
class Tally {
  readonly #session: Session
  readonly #topic: string
  readonly #partitions = new Map<number, { records: number; lastOffset: number }>()
  #records = 0
  #progressMs = 0

  constructor(session: Session, topic: string) {
    this.#session = session
    this.#topic = topic
  }

  add(places: readonly RecordPlace[]): void {
    for (const { partition, offset } of places) {
      const seen = this.#partitions.get(partition) ?? { records: 0, lastOffset: -1 }
      this.#partitions.set(partition, { records: seen.records + 1, lastOffset: Math.max(seen.lastOffset, offset) })
    }
    this.#records += places.length
    if (performance.now() - this.#progressMs < PROGRESS_INTERVAL_MS) return
    this.#progressMs = performance.now()
    this.#session.progress(count(this.#records, 'record'))
  }

  clearProgress(): void {
    this.#session.progress('')
  }

  result() {
    const partitions = [...this.#partitions]
      .sort(([a], [b]) => a - b)
      .map(([partition, { records, lastOffset }]) => ({ partition, records, lastOffset }))
    return {
      json: { topic: this.#topic, records: this.#records, partitions },
      text: `Produced ${count(this.#records, 'record')} to ${printable(this.#topic)}.\n`,
    }
  }
}

// consume TOPIC [--group G] [--from-beginning] [--max N]: one value per line on stdout
import type { Client, ConsumerRecord } from '@goqueue/client'
import type { ArgumentsCamelCase } from 'yargs'
import type { Command } from '../command.ts'
import { CommitQueue } from '../commit-queue.ts'
import { notEmpty } from '../group-id.ts'
import { integer } from '../integer.ts'
import { jsonBytes } from '../json-bytes.ts'
import { aboutTopic } from '../not-found.ts'
import type { GlobalOptions, Session } from '../session.ts'
import { printable } from '../text.ts'
import { topicArgument } from '../topic-name.ts'

interface Options extends GlobalOptions {
  topic: string
  group: string | undefined
  'from-beginning': boolean
  max: number | undefined
}

export const consume: Command<Options> = {
  usage: 'consume <topic>',
  summary: 'Print the records of a topic as they come, one value per line',
  options: (parser) =>
    parser
      .positional('topic', topicArgument)
      .option('group', {
        type: 'string',
        describe: 'share the topic with the members of this group, and commit what was printed',
        requiresArg: true,
        coerce: (given: string | undefined) => (given === undefined ? undefined : notEmpty('--group', given)),
      })
      .option('from-beginning', {
        type: 'boolean',
        describe: 'start with the first record; in a group, where nothing is committed yet',
        default: false,
      })
      .option('max', {
        type: 'string',
        describe: 'end after so many records; else Ctrl-C ends it',
        requiresArg: true,
        coerce: integer('max', 1),
      }),

  async run(session, options) {
    const client = await session.client()
    if (options.group === undefined) await consumeAlone(session, client, options)
    else await consumeInGroup(session, client, { ...options, group: options.group })
  },
}

type Wanted = Pick<ArgumentsCamelCase<Options>, 'topic' | 'fromBeginning' | 'max'>

async function consumeAlone(session: Session, client: Client, { topic, fromBeginning, max }: Wanted): Promise<void> {
  const { partitionDetails } = await aboutTopic(topic, client.admin().describeTopic(topic))
  const consumer = client.consumer()
  consumer.assign(
    partitionDetails.map(({ partition, beginOffset, endOffset }) => {
      return { topic, partition, offset: fromBeginning ? beginOffset : endOffset }
    }),
  )
  const isEmpty = partitionDetails.every(({ beginOffset, endOffset }) => beginOffset === endOffset)
  if (!fromBeginning) {
    session.notice(`waiting for new records of ${printable(topic)} (--from-beginning starts with the first)`)
  } else if (isEmpty) session.notice(`waiting for records of ${printable(topic)}: it has none yet`)
  await printEach(session, consumer.records({ signal: session.enough }), max)
}

async function consumeInGroup(
  session: Session,
  client: Client,
  { topic, group: groupId, fromBeginning, max }: Wanted & { group: string },
): Promise<void> {
  await aboutTopic(topic, client.admin().describeTopic(topic))
  const group = client.groupConsumer({
    groupId,
    topics: [topic],
    autoOffsetReset: fromBeginning ? 'earliest' : 'latest',
  })
  session.notice(`waiting for records of ${printable(topic)} as a member of group ${printable(groupId)}`)
  const commits = new CommitQueue<ConsumerRecord>(async (record) => {
    await group.commit(record).catch((error: unknown) => {
      if (!record.signal.aborted) throw error // else its partition has a new owner, who prints it again
    })
  })
  await printEach(session, group.records({ signal: session.enough }), max, (record) => commits.add(record))
  await commits.finish() // the session leaves the group when it closes the client
}

/** Prints until there are `max`, or until it is enough. */
async function printEach(
  session: Session,
  records: AsyncIterable<ConsumerRecord>,
  max = Infinity,
  printed: (record: ConsumerRecord) => void = () => {},
): Promise<void> {
  let left = max
  try {
    for await (const record of records) {
      if (!(await session.write(session.wantsJson ? jsonLine(record) : textLine(record)))) return
      printed(record)
      if (--left === 0) return
    }
  } catch (error) {
    if (!session.enough.aborted) throw error
  }
}

function textLine({ value }: ConsumerRecord): Buffer {
  return Buffer.concat([value ?? Buffer.alloc(0), Buffer.from('\n')])
}

function jsonLine({ topic, partition, offset, timestampMs, key, value, headers }: ConsumerRecord): string {
  const pairs = headers.map(([name, bytes]) => [name, jsonBytes(bytes)])
  const record = { topic, partition, offset, timestampMs, key: jsonBytes(key), value: jsonBytes(value), headers: pairs }
  return `${JSON.stringify(record)}\n`
}

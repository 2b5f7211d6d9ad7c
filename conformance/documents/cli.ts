// Writes docs/cli.md: the help of every command of goqueue-admin, and what it prints for programs.
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { moduleInside } from './inside.ts'

type ParseArguments = (args: readonly string[]) => Promise<{ help: string }>

/** What `--output json` prints, by command. Fields are added at most; none is renamed or removed within a major version. */
const json: Readonly<Record<string, string>> = {
  'create-topic': '{ "name": "orders", "topicId": "6f0c…", "partitions": 4 }',
  'list-topics': '[{ "name": "orders", "partitions": 4, "isInternal": false }]',
  'describe-topic': `{
  "name": "orders", "topicId": "6f0c…", "isInternal": false,
  "partitions": [
    { "partition": 0, "leader": { "nodeId": 1, "address": "127.0.0.1:9092" }, "beginOffset": 0, "endOffset": 12 }
  ]
}`,
  'add-partitions': '{ "name": "orders", "partitionsBefore": 4, "partitions": 8 }',
  'describe-config': `[
  { "name": "retention.ms", "value": "3600000", "source": "DYNAMIC_TOPIC_CONFIG", "isReadOnly": false, "isSensitive": false }
]`,
  'alter-config': `{
  "name": "orders",
  "changes": [
    { "name": "retention.ms", "current": "604800000", "new": "3600000" },
    { "name": "segment.ms", "current": "500", "new": null }
  ],
  "executed": false
}`,
  'delete-records': `{
  "name": "orders",
  "partitions": [{ "partition": 0, "beginOffset": 0, "newBeginOffset": 100, "endOffset": 250, "offsets": 100 }],
  "offsets": 100, "executed": false
}`,
  'delete-topic': '{ "name": "orders", "topicId": "6f0c…", "partitions": 4, "offsets": 48, "executed": false }',
  produce: '{ "topic": "orders", "records": 3, "partitions": [{ "partition": 0, "records": 3, "lastOffset": 14 }] }',
  consume: `{"topic":"orders","partition":0,"offset":12,"timestampMs":1700000000000,"key":"k","value":"hello","headers":[["trace","7"]]}`,
  'list-groups': '[{ "groupId": "billing", "state": "Stable", "protocolType": "consumer" }]',
  'describe-group': `{
  "groupId": "billing", "state": "Stable", "protocolType": "consumer",
  "coordinator": "127.0.0.1:9092", "assignor": "roundrobin",
  "members": [
    {
      "memberId": "consumer-1-5a…", "consumerId": "consumer-1", "clientId": "billing-service", "host": "/10.0.0.7",
      "assignment": { "orders": [0, 3] }
    }
  ],
  "partitions": [
    { "topic": "orders", "partition": 0, "committedOffset": 10, "logEndOffset": 12, "lag": 2, "timeBehindMs": 1500, "owner": "consumer-1-5a…" }
  ],
  "totalLag": 2
}`,
  lag: `{
  "groupId": "billing", "state": "Stable", "observedAtMs": 1700000000000,
  "lag": 2, "timeBehindMs": 1500, "drainMs": 400,
  "members": [
    {
      "memberId": "consumer-1-5a…", "consumerId": "consumer-1", "clientId": "billing-service", "host": "/10.0.0.7",
      "lag": 2, "timeBehindMs": 1500, "drainMs": 400
    }
  ],
  "partitions": [
    {
      "topic": "orders", "partition": 0, "committedOffset": 10, "logStartOffset": 0, "logEndOffset": 12,
      "owner": "consumer-1-5a…", "lag": 2, "timeBehindMs": 1500, "drainMs": 400
    }
  ]
}`,
  'explain-group': `[
  {
    "version": 1, "groupId": "billing", "generationId": 7, "state": "Stable",
    "settledMs": 1700000000000, "tookMs": 312,
    "protocolType": "consumer", "assignor": "roundrobin", "memberCount": 2,
    "causes": [
      {
        "kind": "leave", "memberId": "consumer-3-5a…", "consumerId": "consumer-3",
        "clientId": "billing-service", "clientHost": "/10.0.0.7", "reason": "scaled in"
      }
    ],
    "causeCount": 1,
    "moved": [{ "topic": "orders", "partition": 3, "from": "consumer-3", "to": "consumer-1" }],
    "movedCount": 1
  }
]`,
  'reset-offsets': `{
  "groupId": "billing", "state": "Empty", "members": [],
  "partitions": [
    { "topic": "orders", "partition": 0, "currentOffset": 10, "newOffset": 2, "difference": -8, "movedTo": "begin" }
  ],
  "executed": false
}`,
  'delete-offsets': `{
  "groupId": "billing", "partitions": [{ "topic": "orders", "partition": 0, "committedOffset": 10 }], "executed": false
}`,
  'remove-members': `{
  "groupId": "billing",
  "members": [
    { "memberId": "consumer-1-5a…", "consumerId": "consumer-1", "clientId": "billing-service", "host": "/10.0.0.7" }
  ],
  "executed": false
}`,
  'delete-group': '{ "groupId": "billing", "state": "Empty", "members": [], "offsets": 4, "executed": false }',
}

/** What the help of a command leaves open. */
const notes: Readonly<Record<string, string>> = {
  'delete-topic':
    'Without `--execute` it prints what would be deleted and changes nothing. `offsets` counts the offsets between the beginning and the end of each partition.',
  produce:
    'A line ends with LF or CR LF, which are not part of the record; bytes are sent as they are. A line without the key separator ends the command with exit code 1; the lines before it have been produced. Ctrl-C means that this was all: what was read is sent. Progress is shown on stderr when that is a terminal.',
  consume:
    'Without `--group` it reads all partitions from their ends as they were when it started, or from their beginnings. With `--group` it is one member of the group, goes on behind what the group has committed, and commits what it has printed; `--from-beginning` counts only where nothing is committed yet. It ends after `--max` records, on Ctrl-C, or when nobody reads its output any more (`| head`): all of these are exit code 0. With `--output json` each record is one line.',
  'add-partitions':
    'They cannot be taken away again. Which partition a key belongs to depends on the number of partitions: records of one key that were in order within one partition go on in another.',
  'describe-config':
    "`source` is Kafka's word for where the value comes from; DYNAMIC_TOPIC_CONFIG was set for the topic itself. `value` is null where the cluster keeps it secret.",
  'alter-config':
    'Without `--execute` the cluster checks the change and makes none: one that it would refuse is refused in the plan. Other configs stay as they are. A `new` of null is "back to the default". On a cluster that knows only how to set all configs at once (before Kafka 2.3) those that are set are read and written back with the change.',
  'delete-records':
    'Without `--execute` it prints what would be deleted and changes nothing. `P:end` means the end of the partition as the plan shows it: what is produced meanwhile stays.',
  'describe-group':
    '`--state`, `--members` and `--offsets` show only that part, also together, and in JSON leave out the other fields. An owner is the member id of a member. `committedOffset` is the next record to read, or null when nothing is committed; `logEndOffset` is null when the topic is gone; `lag` is the difference, counted from the start of the log where nothing is committed; `timeBehindMs` is the age of the oldest record that is not processed; `totalLag` is the sum of what is known.',
  lag: 'Without a group it is a line, or an object of a list, for each consumer group. `lag` counts records from the committed offset to the end of the log, or from its start where nothing is committed. `timeBehindMs` is the age of the oldest record that is not processed, by the timestamp of that record and the clock of this machine. `drainMs` is how long the records that are there now take at the pace of the commits between two looks: with `--sample-ms` or `--watch`; records that are still to come do not count. Of a member and of a group it is the records together, the oldest record and the slowest partition. Both times are 0 when nothing is left and null when they are not known: a single look sees no pace, and neither do two with no commit between them. The log offsets, lag and times of a partition that is gone are null, and it does not count.',
  'reset-offsets':
    'Without `--execute` it prints the plan and changes nothing, whatever the group is doing. With it, a group that has members is refused and they are named: members commit offsets of their own, so stop them first; `--wait` waits until they are gone (Ctrl-C ends that, with exit code 1 and nothing changed), and then plans from what they committed last. A group that does not exist is made; its `state` is null in the plan. A new offset outside the log is moved to its nearer end, and `movedTo` says which (`"begin"` or `"end"`, else null); a time after the last record means the end. `--to-current` leaves partitions out for which nothing is committed, `--shift-by` refuses them. With `--export` the new offsets are printed in place of the table, for another `--from-file`.',
  'delete-offsets':
    'Without `--execute` it prints what would be deleted and changes nothing. A topic that members of the group consume keeps its offsets: exit code 1.',
  'remove-members':
    'Without `--member` and `--consumer-id` it is all of them. Without `--execute` it prints who would be removed and changes nothing. It is for members that are gone and still hold partitions, such as static ones until their session ends: a member that is running notices and joins again.',
  'delete-group':
    'Without `--execute` it prints what would be deleted and changes nothing. A group that has members is refused and they are named. `offsets` counts the partitions for which something is committed.',
  'explain-group':
    'The last 100 rebalances of the group, oldest first, from a topic that GoQueue brokers keep; [explain-group.md](explain-group.md) says what each field means, and how long they are kept. Exit code 1 where there is no such topic (Apache Kafka has none), or nothing about the group in it. Members are named by consumer id where they have one, by member id else.',
}

/** The whole text of docs/cli.md, formatted. */
export async function cliDocument(root: string): Promise<string> {
  const parseArguments = (await moduleInside('cli/src/parse.ts'))['parseArguments'] as ParseArguments
  const help = async (...args: string[]) => (await parseArguments([...args, '--help'])).help.trimEnd()
  const general = await help()
  const ofEveryCommand = general.slice(general.indexOf('Options of every command:'))
  const commands = [...general.matchAll(/^ {2}goqueue-admin ([a-z-]+)/gm)].map(([, name = '']) => name)
  const sections = await Promise.all(
    commands.map(async (name) => {
      const form = json[name]
      if (form === undefined) throw new Error(`the JSON of ${name} is not documented`)
      const note = notes[name]
      return [
        `## ${name}`,
        fenced('', without(ofEveryCommand, await help(name))),
        ...(note ? [note] : []),
        'As JSON:',
        fenced(name === 'consume' ? '' : 'json', form),
      ].join('\n\n')
    }),
  )
  const text = `
# goqueue-admin

Topics and consumer groups of any Kafka cluster from the command line: of \`goqueue-broker\`, and of Apache Kafka.

${fenced('', general)}

The options of every command are left out below.

- Tables are for people and may change; \`--output json\` is for programs, and only ever gains fields.
- What destroys or overwrites prints its plan and changes nothing without \`--execute\`. Nothing ever asks a question.
- Exit code 0: done. 1: it was understood and could not be done. 2: it was not understood. Every failure is one sentence
  on stderr.
- In JSON, bytes (keys, values, header values) are a string where they are valid UTF-8, \`{ "base64": "…" }\` where they
  are not, and null for null.

This text is generated from the code (\`npm run docs\`).

${sections.join('\n\n')}
`
  const file = join(root, 'docs', 'cli.md')
  return format(text.trimStart(), { ...(await resolveConfig(file)), filepath: file })
}

/** A help without a paragraph of it, which it must have. */
function without(paragraph: string, help: string): string {
  const paragraphs = help.split('\n\n')
  const others = paragraphs.filter((text) => text.trimEnd() !== paragraph)
  if (others.length !== paragraphs.length - 1) throw new Error(`the options of every command are not in:\n${help}`)
  return others.join('\n\n')
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``
}

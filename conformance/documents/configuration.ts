// Writes docs/configuration.md from the tables of defaults, the schemas that check what people write, and the comments beside them.
import { join } from 'node:path'
import { brokerDefaults } from '@goqueue/broker-core'
import { format, resolveConfig } from 'prettier'
import { clientOptionTables } from './client-options.ts'
import { moduleInside, propertyComments } from './inside.ts'
import { optionTable } from './option-table.ts'

interface Schema {
  toJSONSchema(options: { io: 'input' }): { properties: Record<string, Property> }
}

interface Property {
  title?: string
  type: string
  minimum?: number
  maximum?: number
  enum?: readonly string[]
}

interface Settings {
  defaults: Readonly<Record<string, unknown>>
  schema: Schema
  comments: ReadonlyMap<string, string>
}

const example = {
  'data.dir': '/var/lib/goqueue',
  listen: '0.0.0.0:9092',
  advertise: 'queue.example.com:9092',
  insecure: true,
  'log.retention.ms': 86_400_000,
}

/** The whole text of docs/configuration.md, formatted. */
export async function configurationDocument(root: string): Promise<string> {
  const [server, broker, client] = await Promise.all([serverSettings(), brokerSettings(), clientOptionTables()])
  const text = `
# Configuration

The broker first, [the client](#the-client) behind it. The tables and this text are generated from the code (\`npm run docs\`).

\`goqueue-broker\` needs no configuration: without any it keeps its data in \`./data\` and listens on \`127.0.0.1:9092\`. What differs
can be said in four places; each wins over those after it:

1. flags (\`goqueue-broker --help\`), for what one changes most;
2. environment variables: \`GOQUEUE_\` and the key in capitals with \`_\` for \`.\`, so \`log.retention.ms\` is
   \`GOQUEUE_LOG_RETENTION_MS\`;
3. a configuration file, \`--config FILE\`: one flat JSON object of the keys below;
4. the defaults.

\`\`\`json
${JSON.stringify(example, null, 2)}
\`\`\`

Where Kafka has a setting, the key is Kafka's. A key that is not listed here, or a value that is not allowed, stops the
start with a sentence that names the file, the key and what is allowed. Environment variables that begin with
\`GOQUEUE_\` and mean nothing are only reported in the log. \`data.dir\` and \`memory\` exclude each other: the one that is
said nearer to the flags counts.

## The server

${table(server)}

## The broker

The same settings are the options of \`openBroker\` for a broker inside your own process, in lower camel case:
\`openBroker({ dataDir: './data', logRetentionMs: 86_400_000 })\`.

${table(broker)}

## How it ends, and with which code

| exit code | meaning |
| --- | --- |
| 0 | it was stopped by SIGTERM or SIGINT: it accepted nothing more and finished what was in flight, for up to 10 s |
| 1 | the world is in the way (a taken port, a data directory that is in use or cannot be written), a fault of its own, or a second signal |
| 2 | the flags, the environment or the configuration file cannot be used |

Standard output carries one line, when clients can connect: \`goqueue-broker ready on HOST:PORT\`. The log goes to
standard error, one JSON object per line: \`level\` (\`debug\`, \`info\`, \`warn\`, \`error\`), \`time\`, \`kind\` (a stable word
for what happened), \`message\` (a sentence), and the details of that kind.

## The client

Options are plain objects. One that is not listed here, or a value that is not allowed, throws \`INVALID_OPTIONS\` with a
sentence that names the option and what is allowed. Times are in milliseconds, sizes in bytes. The types of the package say the
same, and more: an editor shows it.

${client}
`
  const file = join(root, 'docs', 'configuration.md')
  return format(text.trimStart(), { ...(await resolveConfig(file)), filepath: file })
}

async function serverSettings(): Promise<Settings> {
  const { serverDefaults } = await moduleInside('broker-server/src/server-settings.ts')
  const { serverSettingsSchema } = await moduleInside('broker-server/src/server-settings-schema.ts')
  return {
    defaults: serverDefaults as Settings['defaults'],
    schema: serverSettingsSchema as Schema,
    comments: new Map([
      ...propertyComments('broker-server/src/server-settings.ts'),
      ...propertyComments('broker-server/src/connection-limits.ts'),
    ]),
  }
}

async function brokerSettings(): Promise<Settings> {
  const { settingsSchema } = await moduleInside('broker-core/src/options-schema.ts')
  return {
    defaults: brokerDefaults,
    schema: settingsSchema as Schema,
    comments: new Map([
      ...propertyComments('broker-core/src/broker-defaults.ts'),
      ...propertyComments('broker-core/src/coordinator/group-defaults.ts'),
    ]),
  }
}

function table({ defaults, schema, comments }: Settings): string {
  const { properties } = schema.toJSONSchema({ io: 'input' })
  const rows = Object.entries(defaults).map(([name, value]) => {
    const property = properties[name]
    const comment = comments.get(name)
    if (property === undefined) throw new Error(`no schema checks the setting ${name}`)
    if (comment === undefined) throw new Error(`the setting ${name} has no comment beside its default`)
    const key = name.replace(/[A-Z]/g, (letter) => `.${letter.toLowerCase()}`)
    return [`\`${key}\``, shown(value), allowed(property), meaning(comment, key)]
  })
  return optionTable(['key', 'default', 'allowed', 'meaning'], rows)
}

function shown(value: unknown): string {
  return value === undefined ? '' : `\`${String(value)}\``
}

function allowed({ title, type, minimum, maximum = Infinity, enum: words }: Property): string {
  if (title !== undefined) return title
  if (words !== undefined) return words.map((word) => `\`${word}\``).join(', ')
  if (type === 'boolean') return '`true`, `false`'
  if (type !== 'integer') return 'text'
  return maximum >= Number.MAX_SAFE_INTEGER ? `≥ ${minimum}` : `${minimum} … ${maximum}`
}

/** The comment as a sentence, without the key that some begin with: the row names it. */
function meaning(comment: string, key: string): string {
  const text = comment.replace(new RegExp(`^\`?${key.replaceAll('.', '\\.')}\`?(: )?`), '').replaceAll('|', '\\|')
  if (text === '') throw new Error(`the comment beside the default of ${key} says nothing`)
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`.replace(/\s+/g, ' ')
}

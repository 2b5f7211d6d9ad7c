// The tables of the client's options: what is allowed comes from the schemas, what it means from the doc comments beside the types.
import { isDeepStrictEqual } from 'node:util'
import { declaredProperties, moduleInside, type DeclaredProperty } from './inside.ts'
import { optionTable } from './option-table.ts'

interface Schema {
  toJSONSchema(options: { io: 'input'; unrepresentable: 'any' }): Property
}

interface Property {
  readonly type?: string
  /** null stands for Infinity, which JSON has no word for. */
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Property[]
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly properties?: Readonly<Record<string, Property>>
  readonly required?: readonly string[]
}

interface Options {
  readonly title: string
  readonly intro?: string
  readonly module: 'options' | 'run-options'
  readonly schema: string
  readonly interfaceName: string
  /** Interfaces of options that have options of their own, by name of the option. */
  readonly nested?: Readonly<Record<string, string>>
}

const tables: readonly Options[] = [
  { title: 'new Client', module: 'options', schema: 'clientSchema', interfaceName: 'ClientOptions' },
  { title: 'client.producer', module: 'options', schema: 'producerSchema', interfaceName: 'ProducerOptions' },
  {
    title: 'client.consumer and client.groupConsumer',
    module: 'options',
    schema: 'consumerSchema',
    interfaceName: 'ConsumerOptions',
  },
  {
    title: 'client.consumer',
    intro: 'Those above, and:',
    module: 'options',
    schema: 'consumerSchema',
    interfaceName: 'AssignedConsumerOptions',
  },
  {
    title: 'client.groupConsumer',
    intro: 'Those of consumers above, and:',
    module: 'options',
    schema: 'groupConsumerSchema',
    interfaceName: 'GroupConsumerOptions',
  },
  {
    title: 'group.run',
    module: 'run-options',
    schema: 'runSchema',
    interfaceName: 'RunOptions',
    nested: { retry: 'RetryPolicy' },
  },
  { title: 'admin.createTopic', module: 'options', schema: 'topicSchema', interfaceName: 'TopicToCreate' },
]

/** A table for each call of the client that takes options. Throws where schema and comment do not fit each other. */
export async function clientOptionTables(): Promise<string> {
  const told = new Map<string, Set<string>>()
  const sections = await Promise.all(
    tables.map(async ({ title, intro, module, schema, interfaceName, nested = {} }) => {
      const path = `client/src/${module}.ts`
      const checks = ((await moduleInside(path))[schema] as Schema).toJSONSchema({
        io: 'input',
        unrepresentable: 'any',
      })
      const rows = rowsOf(checks, declaredProperties(path, interfaceName), '').flatMap((row) => {
        const name = row[0]?.replaceAll('`', '') ?? ''
        const nestedInterface = nested[name]
        if (nestedInterface === undefined) return [row]
        return [row, ...rowsOf(checks.properties?.[name] ?? {}, declaredProperties(path, nestedInterface), `${name}.`)]
      })
      const names = told.get(schema) ?? new Set()
      told.set(schema, new Set([...names, ...rows.map(([name = '']) => name)]))
      const text = [`### ${title}`, intro, optionTable(['option', 'default', 'allowed', 'meaning'], rows)]
      return { schema, checks, text: text.filter((part) => part !== undefined).join('\n\n') }
    }),
  )
  const inherited = told.get('consumerSchema')
  for (const { schema, checks } of sections) {
    for (const name of Object.keys(checks.properties ?? {})) {
      const isTold = told.get(schema)?.has(`\`${name}\``) === true || inherited?.has(`\`${name}\``) === true
      if (!isTold) throw new Error(`${schema} checks ${name}, which no interface declares`)
    }
  }
  return sections.map(({ text }) => text).join('\n\n')
}

function rowsOf(checks: Property, declared: ReadonlyMap<string, DeclaredProperty>, prefix: string): string[][] {
  return Array.from(declared, ([name, { comment, type }]) => {
    const check = checks.properties?.[name]
    if (check === undefined) throw new Error(`no schema checks the option ${prefix}${name}`)
    const { meaning: said, ofDefault } = readComment(comment)
    const allowedValues = allowed(check, type)
    const meaning = said.replace(`; ${allowedValues}.`, '.') // the cell beside it says so
    if (meaning === '') throw new Error(`the comment of the option ${prefix}${name} says nothing`)
    const isRequired = checks.required?.includes(name) === true
    return [
      `\`${prefix}${name}\``,
      isRequired ? 'required' : defaultOf(`${prefix}${name}`, ofDefault, check.default),
      allowedValues,
      meaning,
    ].map((cell) => cell.replaceAll('|', '\\|'))
  })
}

/** The first paragraph, apart from its sentence on the default; what that says besides stays. */
function readComment(comment: string): { meaning: string; ofDefault: string } {
  const paragraph = (comment.split(/\n\s*\n/)[0] ?? '').replace(/\s+/g, ' ').trim()
  let ofDefault = ''
  const meaning = paragraph.replace(/Default: (.+?)(?:[:;] (.+?))?\.(?= |$)/, (_, value: string, rest = '') => {
    ofDefault = value
    return rest === '' ? '' : `${String(rest).charAt(0).toUpperCase()}${String(rest).slice(1)}.`
  })
  return { meaning: meaning.replace(/ {2,}/g, ' ').trim(), ofDefault }
}

/** The comment's words, unless they are a value: then the schema has it, and both must say the same. */
function defaultOf(name: string, said: string, value: unknown): string {
  const literal = said === `\`${String(value)}\`` ? value : literalOf(said)
  if (literal === undefined) return said !== '' || value === undefined ? said : `\`${shown(value)}\``
  if (value !== undefined && !isDeepStrictEqual(literal, value)) {
    throw new Error(`the default of ${name} is ${shown(value)}, and its comment says ${said}`)
  }
  return `\`${shown(literal)}\``
}

/** `30,000`, `16 MiB`, `'all'`, `true`, `['roundrobin']`; undefined for words. */
function literalOf(said: string): unknown {
  const size = /^(\d+) MiB$/.exec(said)
  if (size !== null) return Number(size[1]) * 1024 * 1024
  const text = said.replace(/^`|`$/g, '')
  if (/^\d{1,3}(,\d{3})*$/.test(text)) return Number(text.replaceAll(',', ''))
  try {
    return JSON.parse(text.replaceAll("'", '"'))
  } catch {
    return undefined
  }
}

/** As one would write it in TypeScript. */
function shown(value: unknown): string {
  if (typeof value === 'number') return grouped(value)
  return JSON.stringify(value).replaceAll('"', "'")
}

function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '_')
}

function allowed(check: Property, type: string): string {
  if (check.anyOf !== undefined && !type.includes('[')) {
    const [first, ...others] = check.anyOf.map((choice) => allowed(choice, type)).reverse()
    return [first, ...others].join(', ')
  }
  if (check.const === null) return '`Infinity`'
  if (check.enum !== undefined) return check.enum.map((word) => `\`${shown(word)}\``).join(', ')
  if (check.type === 'boolean') return '`true`, `false`'
  if (check.type === 'integer' || check.type === 'number') return range(check)
  if (check.type === 'string') return `${check.minLength ?? 0} to ${check.maxLength} ${letters(check.pattern)}`
  return type.includes('=>') ? 'a function' : `\`${type}\``
}

function range({ minimum = 0, maximum = Infinity }: Property): string {
  return maximum >= Number.MAX_SAFE_INTEGER ? `≥ ${grouped(minimum)}` : `${grouped(minimum)} … ${grouped(maximum)}`
}

function letters(pattern: string | undefined): string {
  const set = /^\^(\[.+\])\+\$$/.exec(pattern ?? '')?.[1]
  return set === undefined ? 'characters' : `of \`${set}\``
}

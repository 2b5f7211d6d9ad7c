// Reads Prometheus' text format strictly: what a test finds in it, a Prometheus server finds as well.

export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Scrape {
  readonly types: ReadonlyMap<string, string>
  readonly helps: ReadonlyMap<string, string>
  readonly series: readonly Series[]
  /** The value of the one series with this name and, at least, these labels. Throws unless there is exactly one. */
  value(name: string, labels?: Readonly<Record<string, string>>): number
  /** Every series of this name. */
  of(name: string): readonly Series[]
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/
const SERIES = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`)
const COMMENT = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`)

/** The whole text of a scrape. Throws at a line that is none of the format, and at a series that is there twice. */
export function parseScrape(text: string): Scrape {
  if (!text.endsWith('\n')) throw new Error('the text does not end with a line feed')
  const types = new Map<string, string>()
  const helps = new Map<string, string>()
  const series = new Map<string, Series>()
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const comment = COMMENT.exec(line)
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment
      const known = kind === 'TYPE' ? types : helps
      if (known.has(name)) throw new Error(`${name} is introduced twice`)
      known.set(name, rest)
      continue
    }
    const [, name, labels = '', value] = SERIES.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`no line of the format: ${line}`)
    const key = `${name}{${labels}}`
    if (series.has(key)) throw new Error(`${key} is there twice`)
    series.set(key, { name, labels: parseLabels(labels), value: parseValue(value) })
  }
  const all = [...series.values()]
  const of = (name: string) => all.filter((one) => one.name === name)
  return {
    types,
    helps,
    series: all,
    of,
    value: (name, labels = {}) => {
      const matching = of(name).filter((one) =>
        Object.entries(labels).every(([label, value]) => one.labels[label] === value),
      )
      const [only] = matching
      if (only === undefined || matching.length > 1) throw new Error(`${matching.length} series match ${name}`)
      return only.value
    },
  }
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {}
  for (let rest = text; rest !== '';) {
    const [whole, name, value] = LABEL.exec(rest) ?? []
    if (whole === undefined || name === undefined || value === undefined) throw new Error(`no labels: ${text}`)
    labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
    rest = rest.slice(whole.length)
  }
  return labels
}

function parseValue(text: string): number {
  const value = text === '+Inf' ? Infinity : Number(text)
  if (Number.isNaN(value)) throw new Error(`no value: ${text}`)
  return value
}

// The flags of `npm run bench`.
import { parseArgs } from 'node:util'
import { measurements } from './measurements/index.ts'

export const help = `npm run bench -- [--only NAME]… [--seconds N] [--json FILE] [--dir DIR]

  --only NAME    runs this measurement only; may be repeated. There are:
${measurements.map(({ name, title }) => `                   ${name.padEnd(14)} ${title}`).join('\n')}
  --seconds N    how long each measurement lasts (default 6)
  --json FILE    where the figures go (default bench/results/<date>.json)
  --dir DIR      where the data goes: on the disk to be measured (default bench/results)
`

export interface Flags {
  readonly help: boolean
  readonly only: readonly string[]
  readonly seconds: number
  readonly json: string | undefined
  readonly dir: string | undefined
}

/** Throws an Error whose message is one sentence for the person who typed the flags. */
export function parseFlags(args: string[]): Flags {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      only: { type: 'string', multiple: true, default: [] },
      seconds: { type: 'string', default: '6' },
      json: { type: 'string' },
      dir: { type: 'string' },
    },
  })
  const seconds = Number(values.seconds)
  if (!(seconds > 0 && seconds <= 3_600)) throw new Error(`--seconds ${values.seconds}: a number from above 0 to 3600`)
  for (const name of values.only) {
    if (measurements.some((measurement) => measurement.name === name)) continue
    throw new Error(`--only ${name}: there are ${measurements.map((one) => one.name).join(', ')}`)
  }
  return { help: values.help, only: values.only, seconds, json: values.json, dir: values.dir }
}

// The results as a table for people.
import Table from 'cli-table3'
import type { Figure, Target, Unit } from '../measurement.ts'
import type { Results } from './results.ts'

function text(value: number, unit: Unit): string {
  return `${digits(value)} ${unit}`
}

/** Three digits that matter, whole numbers from a hundred on. */
function digits(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(value >= 10 ? 1 : 2)
}

function targetText(target: Target | undefined, unit: Unit): string {
  if (target === undefined) return ''
  return 'atLeast' in target ? `≥ ${text(target.atLeast, unit)}` : `< ${text(target.below, unit)}`
}

function verdict({ target, value }: Figure): string {
  if (target === undefined) return ''
  return ('atLeast' in target ? value >= target.atLeast : value < target.below) ? 'met' : 'MISSED'
}

/** How the figure stands to the bare machine: a share of what it did, or how many times what it took. */
function besideText({ bare, value, unit }: Figure): string {
  if (bare === undefined) return ''
  const isRate = unit.endsWith('/s')
  const ratio = isRate ? `${((value * 100) / bare.value).toFixed(0)} %` : `${(value / bare.value).toFixed(1)} ×`
  return `${ratio} of ${bare.name} ${text(bare.value, unit)}`
}

function cpuText({ notes }: Figure): string {
  if (notes === undefined) return ''
  const { loadCpuMicroseconds, brokerCpuMicroseconds } = notes
  const parts = Object.entries({ client: loadCpuMicroseconds, broker: brokerCpuMicroseconds })
  return parts
    .flatMap(([who, us]) => (us === undefined || Number.isNaN(us) ? [] : `${who} ${us.toFixed(2)} µs`))
    .join(', ')
}

/** `committed` holds the values of baseline.json by `${measurement}/${figure}`. */
export function tableOf(results: Results, committed: ReadonlyMap<string, number>): string {
  const table = new Table({
    head: ['measurement', 'figure', 'result', 'target', '', 'beside the bare machine', 'CPU for each', 'baseline.json'],
    style: { head: [], border: [] },
  })
  for (const { name, title, figures } of results.measurements) {
    figures.forEach((figure, index) => {
      const before = committed.get(`${name}/${figure.name}`)
      const row = [
        figure.name,
        text(figure.value, figure.unit),
        targetText(figure.target, figure.unit),
        verdict(figure),
        besideText(figure),
        cpuText(figure),
        before === undefined ? '' : text(before, figure.unit),
      ]
      const isFirst = index === 0
      table.push(isFirst ? [{ content: `${name}\n${title}`, rowSpan: figures.length }, ...row] : row)
    })
  }
  const { machine, load } = results
  const loads = [load.before, load.after].map((averages) => averages[0]?.toFixed(1)).join(' before, ')
  return [
    table.toString(),
    `${machine.processors} × ${machine.processor}, ${machine.memoryGib} GiB, ${machine.system}, Node ${machine.node}.`,
    `Load average ${loads} after. ${results.seconds} s for each measurement.`,
  ].join('\n')
}

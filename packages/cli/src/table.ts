// Tables for people: columns that line up, no borders, nothing that another program should parse.
import Table from 'cli-table3'
import { grouped, printable } from './text.ts'

type Cell = string | number | null

/** A column: its heading, and what it shows of a row. Numbers are grouped and stand to the right unless `align` says otherwise; null shows as '-'. */
export interface Column<Row> {
  heading: string
  cell(row: Row): Cell
  align?: 'left' | 'right'
}

const NO_BORDERS = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((name) => [name, '']),
)

/** The table, one line a row, each line ended. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)))
  const isNumeric = columns.map((_, index) => cells.length > 0 && cells.every((row) => typeof row[index] !== 'string'))
  const drawn = new Table({
    head: columns.map(({ heading }) => heading),
    chars: NO_BORDERS,
    colAligns: columns.map(({ align }, index) => align ?? (isNumeric[index] ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 3 },
  })
  drawn.push(...cells.map((row) => row.map(show)))
  return linesOf(drawn.toString())
}

/** Facts about one thing, a line each: the name, then the value. */
export function facts(pairs: readonly (readonly [name: string, value: Cell])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return linesOf(pairs.map(([name, value]) => `${name.padEnd(width)}   ${show(value)}`).join('\n'))
}

function show(cell: Cell): string {
  if (cell === null) return '-'
  return typeof cell === 'number' ? grouped(cell) : printable(cell)
}

function linesOf(text: string): string {
  return text.replace(/ +$/gm, '').concat('\n')
}

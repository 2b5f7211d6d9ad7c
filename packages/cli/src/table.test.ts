// Tables line up without borders; numbers stand to the right and nothing trails a line.
import { expect, it } from 'vitest'
import { facts, table } from './table.ts'

it('columns line up, numbers to the right, and what is not known is a dash', () => {
  const rows = [
    { name: 'orders', records: 12_345, owner: null },
    { name: 'a', records: 7, owner: 'consumer-1' },
  ]
  const text = table(rows, [
    { heading: 'TOPIC', cell: ({ name }) => name },
    { heading: 'RECORDS', cell: ({ records }) => records },
    { heading: 'OWNER', cell: ({ owner }) => owner },
  ])
  expect(text).toBe(
    ['TOPIC    RECORDS   OWNER', 'orders    12,345   -', 'a              7   consumer-1', ''].join('\n'),
  )
})

it('a column stands where it is told to', () => {
  const rows = [{ id: null, took: '3 ms' }]
  const text = table(rows, [
    { heading: 'CONSUMER ID', cell: ({ id }) => id, align: 'left' },
    { heading: 'TIME TAKEN', cell: ({ took }) => took, align: 'right' },
  ])
  expect(text).toBe('CONSUMER ID   TIME TAKEN\n-                   3 ms\n')
})

it('N16: a name with control characters cannot break the table', () => {
  expect(table([{ name: 'a\nb\x1b[31m' }], [{ heading: 'GROUP', cell: ({ name }) => name }])).toBe(
    'GROUP\na\\x0ab\\x1b[31m\n',
  )
})

it('facts stand in lines, values under each other', () => {
  expect(
    facts([
      ['Group', 'billing'],
      ['Total lag', 1_000],
      ['Assignor', null],
    ]),
  ).toBe('Group       billing\nTotal lag   1,000\nAssignor    -\n')
})

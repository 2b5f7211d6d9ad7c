// User data of `sticky`: what comes back from our own bytes, from the older version, and from no version at all.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readStickyUserData, writeStickyUserData } from './sticky-user-data.ts'

const nothing = { partitions: new Map(), generationId: -1 }
const claim = fc.record({
  partitions: fc
    .uniqueArray(
      fc.tuple(
        fc.string(),
        fc.array(fc.integer()).map((list) => list.sort((left, right) => left - right)),
      ),
      { selector: ([topic]) => topic },
    )
    .map((list) => new Map(list)),
  generationId: fc.nat(),
})

test('what a member writes is what its leader reads', () => {
  fc.assert(
    fc.property(claim, (written) => {
      expect(readStickyUserData(writeStickyUserData(written))).toEqual(written)
    }),
  )
})

test('the same partitions give the same bytes, in whatever order they are', () => {
  const one = new Map([
    ['payments', [0]],
    ['orders', [2, 1]],
  ])
  const other = new Map([
    ['orders', [1, 2]],
    ['payments', [0]],
  ])
  const [first, second] = [one, other].map((partitions) => writeStickyUserData({ partitions, generationId: 1 }))
  expect(first).toEqual(second)
})

test('a member that never had an assignment writes none, and one that was assigned nothing says so', () => {
  expect(writeStickyUserData(nothing)).toBeNull()
  expect(writeStickyUserData({ partitions: new Map(), generationId: 3 })).toEqual(
    Buffer.from('0000000000000003', 'hex'),
  )
})

test('v0, which has no generation, is read as of none', () => {
  const v0 = Buffer.from('000000010006' + '6f7264657273' + '000000020000000000000002', 'hex')
  expect(readStickyUserData(v0)).toEqual({ partitions: new Map([['orders', [0, 2]]]), generationId: -1 })
})

test.each([
  ['none', null],
  ['no bytes', ''],
  ['a list that is longer than the bytes', '7fffffff'],
  ['a list of negative length', 'ffffffff00000001'],
  ['a topic that is cut off', '00000001000661'],
  ['a topic of negative length', '00000001ffff0000000000000001'],
  ['partitions that are cut off', '00000001000161' + '00000002' + '00000000'],
])('I21: %s means that nothing is owned', (_what, hex) => {
  expect(readStickyUserData(hex === null ? null : Buffer.from(hex, 'hex'))).toEqual(nothing)
})

test('I21: any bytes are read as something', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(readStickyUserData(Buffer.from(bytes)).generationId).toBeTypeOf('number')
    }),
    { numRuns: 1_000 },
  )
})

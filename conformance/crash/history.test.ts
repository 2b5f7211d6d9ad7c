// The checker of the crash lane catches each kind of broken promise: one that accepts everything would prove nothing.
import { beforeEach, describe, expect, it } from 'vitest'
import { History, type Found } from './history.ts'

let history: History

function found(values: readonly string[], committed: number | null = 7): Found {
  return {
    records: new Map([['orders-0', values.map((value, offset) => ({ offset, value }))]]),
    committed: new Map(committed === null ? [] : [['group', committed]]),
  }
}

beforeEach(() => {
  history = new History()
  for (const value of ['a', 'b', 'c']) history.sent('producer', 'orders-0', value, { isRetried: false })
  history.acked('a', 0)
  history.acked('b', 1)
  for (const offset of [5, 6, 7, 8]) history.commitSent('group', offset)
  history.commitAcked('group', 7)
})

describe('what is allowed', () => {
  it('every acked record and commit is there', () => expect(history.violations(found(['a', 'b']))).toEqual([]))
  it('a record without an ack may be there', () => expect(history.violations(found(['a', 'b', 'c']))).toEqual([]))
  it('a commit without an ack may hold', () => expect(history.violations(found(['a', 'b'], 8))).toEqual([]))

  it('the end of a log is judged alone', () => {
    const end = { records: new Map([['orders-0', [{ offset: 1, value: 'b' }]]]), committed: new Map([['group', 7]]) }
    expect(history.violations(end, { from: new Map([['orders-0', 1]]) })).toEqual([])
  })

  it('a retried record may be missing until it is acked', () => {
    history.sent('retrying', 'orders-0', 'd', { isRetried: true })
    expect(history.violations(found(['a', 'b']))).toEqual([])
  })
})

describe('what is caught', () => {
  it.each([
    ['a lost record', ['a'], 7, ['b was acked at orders-0 offset 1 and is lost']],
    ['a record that stands twice', ['a', 'b', 'c', 'c'], 7, ['c is twice: at offset 2 and at orders-0 offset 3']],
    ['other bytes', ['a', 'B'], 7, [/^orders-0 offset 1 holds what nobody sent there: B/, /^b was acked/]],
    ['another offset', ['a', 'c', 'b'], 7, [/^b was acked at offset 1 and stands at .* 2/, /^b .* comes after/]],
    ['a regressed commit', ['a', 'b'], 6, [/^group is committed at 6: the last acked is 7, sent since: 8/]],
    ['a lost commit', ['a', 'b'], null, [/^group is committed at null/]],
    ['a commit that nobody sent', ['a', 'b'], 9, [/^group is committed at 9/]],
  ])('%s', (_name, values, committed, expected) => {
    expect(history.violations(found(values, committed))).toEqual(
      expected.map((text) => (typeof text === 'string' ? text : expect.stringMatching(text))),
    )
  })

  it('records of one producer that changed places', () => {
    for (const value of ['d', 'e']) history.sent('other', 'orders-0', value, { isRetried: false })
    expect(history.violations(found(['a', 'b', 'e', 'd']))).toEqual([
      'd at orders-0 offset 3 comes after what its producer sent later',
    ])
  })

  it('a gap between offsets', () => {
    const records = [0, 1, 3].map((offset, index) => ({ offset, value: ['a', 'b', 'c'][index] ?? '' }))
    expect(history.violations({ ...found([]), records: new Map([['orders-0', records]]) })).toEqual([
      'orders-0 offset 3 stands where offset 2 belongs',
    ])
  })

  it('a record in another partition', () => {
    const records = new Map([...found(['a', 'b']).records, ['orders-1', [{ offset: 0, value: 'c' }]]])
    expect(history.violations({ ...found([]), records })).toEqual(['orders-1 offset 0 holds what nobody sent there: c'])
  })

  it('a retry that got another offset', () => {
    history.acked('a', 2)
    expect(history.violations(found(['a', 'b']))).toContain('a was acked at 0 and again at 2')
  })

  it('a record that was sent until acked and is missing in the end', () => {
    history.sent('retrying', 'orders-0', 'd', { isRetried: true })
    expect(history.violations(found(['a', 'b']), { isOver: true })).toEqual(['d was sent until acked, but never acked'])
  })

  it('a record and a commit that were read once and are gone', () => {
    history.observed(found(['a', 'b', 'c'], 8))
    expect(history.violations(found(['a', 'b'], 7))).toEqual([
      'c was acked at orders-0 offset 2 and is lost',
      'group is committed at 7: the last acked is 8, sent since: none',
    ])
  })

  it('an answer that the broker may not give', () => {
    history.refused('OUT_OF_ORDER_SEQUENCE_NUMBER')
    expect(history.violations(found(['a', 'b']))).toEqual(['OUT_OF_ORDER_SEQUENCE_NUMBER'])
  })
})

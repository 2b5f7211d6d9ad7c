// The iterator alone: how it ends, and how it waits.
import { expect, it } from 'vitest'
import type { ConsumerRecord } from './record.ts'
import { RecordIterator, type RecordSource } from './record-iterator.ts'
import { Deferred } from './waiting.ts'

class Source implements RecordSource {
  readonly records: ConsumerRecord[] = []
  failure: Error | null = null
  isEnded = false
  private change = new Deferred<void>()

  take(): ConsumerRecord | null {
    if (this.failure !== null) throw this.failure
    return this.records.shift() ?? null
  }

  changed(): Promise<void> {
    return this.change.promise
  }

  wake(): void {
    this.change.resolve()
    this.change = new Deferred<void>()
  }
}

const record = (offset: number) => ({ offset }) as ConsumerRecord

it('gives what is at hand, waits for what is not, and ends with its source', async () => {
  const source = new Source()
  source.records.push(record(0))
  const iterator = new RecordIterator(source)
  expect(await iterator.next()).toEqual({ done: false, value: record(0) })
  const next = iterator.next()
  source.records.push(record(1))
  source.wake()
  expect(await next).toEqual({ done: false, value: record(1) })
  const last = iterator.next()
  source.isEnded = true
  source.wake()
  expect(await last).toEqual({ done: true, value: undefined })
  expect(await iterator.next()).toEqual({ done: true, value: undefined })
})

it('after a break it gives nothing more, though there is more', async () => {
  const source = new Source()
  source.records.push(record(0), record(1))
  const iterator = new RecordIterator(source)
  for await (const each of iterator) {
    expect(each.offset).toBe(0)
    break
  }
  expect(await iterator.next()).toEqual({ done: true, value: undefined })
  expect(source.records).toEqual([record(1)])
})

it('what the application must hear about rejects the call that waits, and the one that does not', async () => {
  const source = new Source()
  const iterator = new RecordIterator(source)
  const waiting = iterator.next()
  source.failure = new Error('fenced')
  source.wake()
  await expect(waiting).rejects.toThrow('fenced')
  await expect(iterator.next()).rejects.toThrow('fenced')
})

it('several calls that wait each get a record of their own', async () => {
  const source = new Source()
  const iterator = new RecordIterator(source)
  const both = Promise.all([iterator.next(), iterator.next()])
  source.records.push(record(0), record(1))
  source.wake()
  expect((await both).map(({ value }) => (value as ConsumerRecord).offset)).toEqual([0, 1])
})

it('a signal that has fired ends it with its reason, records at hand or not', async () => {
  const source = new Source()
  source.records.push(record(0))
  const iterator = new RecordIterator(source, AbortSignal.abort(new Error('enough')))
  await expect(iterator.next()).rejects.toThrow('enough')
})

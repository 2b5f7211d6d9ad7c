// The numbers that docs/consumer-groups.md gives for error codes are those of the client.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errors } from '@goqueue/protocol'
import { expect, test } from 'vitest'
import { root } from '../workspace/root.ts'

const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')
const own = new Set(
  /ClientErrorCode =([^]*?)\n\n/.exec(read('packages', 'client', 'src', 'errors.ts'))?.[1]?.match(/[A-Z_]{4,}/g),
)
const rows = [...read('docs', 'consumer-groups.md').matchAll(/^\| `([A-Z_]+)` +\| +(\d*) \| +([123]) \|/gm)]

test('the table of error codes has the numbers of Kafka and of Go Queue', () => {
  expect(rows.length).toBeGreaterThan(20)
  for (const [, code = '', kafkaCode = '', errorCode] of rows) {
    const entry = kafkaCode === '' ? undefined : errors.find(({ name }) => name === code)
    if (kafkaCode === '') expect(own, `${code} is the client's own`).toContain(code)
    else
      expect({ code, kafkaCode, errorCode }).toEqual({
        code,
        kafkaCode: `${entry?.code}`,
        errorCode: `${entry?.errorCode}`,
      })
  }
})

test('it leaves none of the client out that a consumer meets', () => {
  const producers = new Set(['DELIVERY_TIMEOUT', 'INVALID_ARGUMENT'])
  const told = new Set(rows.map(([, code]) => code))
  expect([...own].filter((code) => !told.has(code) && !producers.has(code))).toEqual([])
})

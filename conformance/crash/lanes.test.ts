// Lanes by key finish records out of order: a worker that is killed in the midst of that, again and again, skips none.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from '@goqueue/client'
import { expect, it } from 'vitest'
import { root } from '../workspace/root.ts'
import { bundle } from '../support/broker-bundle.ts'
import { useBrokerProcesses } from '../support/broker-process.ts'
import { LineProcess } from '../support/line-process.ts'

const RECORDS = 6_000
const KEYS = 1_000
/** Killed when it has handled so many records that nobody had before. */
const LIVES = [700, 1_300, 400, 900]

const brokers = useBrokerProcesses()

it('I3, I4: after each SIGKILL the next worker goes on at or before the first record that was not handled', async () => {
  const directory = await brokers.directory('goqueue-lanes-')
  await bundle(directory, { worker: join(root, 'conformance', 'crash', 'lanes-worker.ts') })
  const { address } = await brokers.start({ dataDir: await brokers.directory() })
  const client = new Client({ brokers: [address] })
  await client.admin().createTopic({ name: 'orders', partitions: 1 })
  const records = Array.from({ length: RECORDS }, (_, n) => ({
    topic: 'orders',
    key: String((n * 7) % KEYS),
    value: '',
  }))
  await client.producer().send(records)

  const file = join(directory, 'handled')
  const handled = new Set<number>()
  const read = async () => {
    const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1)
    for (const line of lines) handled.add(Number(line))
    return lines.length
  }
  const start = () => new LineProcess(process.execPath, [join(directory, 'dist', 'worker.js'), address, file])
  let commits = 0
  for (const life of LIVES) {
    const before = handled.size
    const worker = start()
    await worker.until(() => new Set([...handled, ...worker.lines.map(Number)]).size - before >= life)
    worker.kill('SIGKILL')
    await worker.ended
    await read()
    const [committed] = await client.admin().groupOffsets('workers')
    const firstMissing = records.findIndex((_, offset) => !handled.has(offset))
    expect(committed?.offset ?? 0).toBeLessThanOrEqual(firstMissing)
    expect(committed?.offset ?? 0).toBeGreaterThanOrEqual(commits)
    commits = committed?.offset ?? 0
  }
  expect(commits).toBeGreaterThan(0)
  const last = start()
  await last.until(() => new Set([...handled, ...last.lines.map(Number)]).size === RECORDS)
  last.kill('SIGKILL')
  await last.ended
  const lines = await read()
  expect(handled.size).toBe(RECORDS)
  // Redelivered is what was finished behind a record in hand, and what was not committed yet: a fraction, not everything.
  expect(lines).toBeLessThan(2 * RECORDS)
  await client.close()
}, 120_000)

// Leaves a log as a kill in the midst of a write would: with the beginning of a batch at its end.
import { appendFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildRecordBatch } from '@goqueue/protocol'

/** Appends the beginning of a batch to one of the logs below `directory`, whose broker must not run. */
export async function tearTail(directory: string, random: () => number): Promise<void> {
  const names = await readdir(directory, { recursive: true })
  const newest = new Map<string, string>()
  for (const name of names.filter((name) => name.endsWith('.log')).sort()) {
    newest.set(join(name, '..'), name)
  }
  const logs = [...newest.values()]
  const log = logs[Math.floor(random() * logs.length)]
  if (log === undefined) return
  const batch = buildRecordBatch({
    records: [{ key: null, value: 'never sent', headers: [], timestampMs: Date.now() }],
    compression: 'none',
  })
  await appendFile(join(directory, log), batch.subarray(0, 1 + Math.floor(random() * (batch.length - 1))))
}

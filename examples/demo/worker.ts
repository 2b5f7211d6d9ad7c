// One consumer of the demo's group: writes each finished record to a file of its own, then commits it.
import { closeSync, openSync, writeSync } from 'node:fs'
import { Client, GoQueueError } from '@goqueue/client'
import type { FromWorker, ToWorker } from './messages.ts'

const [name, broker, topic, groupId, file] = process.argv.slice(2) as [string, string, string, string, string]

function tell(message: FromWorker): void {
  process.send?.(message)
}

const client = new Client({ brokers: [broker], clientId: name })
const group = client.groupConsumer({ groupId, topics: [topic], sessionTimeoutMs: 6_000 })

async function work(): Promise<void> {
  const output = openSync(file, 'a')
  await group.joinGroup()
  let shown = ''
  const showAssignment = () => {
    const assignment = JSON.stringify(group.getAssignment())
    if (assignment === shown) return
    shown = assignment
    tell({ kind: 'assigned', partitions: group.getAssignment()[topic] ?? [] })
  }
  showAssignment()
  for await (const record of group) {
    showAssignment()
    writeSync(output, `${record.partition} ${record.offset} ${record.key}\n`)
    tell({ kind: 'finished', partition: record.partition, offset: record.offset })
    try {
      await group.commit(record)
    } catch (error) {
      // The group has moved on while this record was in hand: its new owner gets it again.
      if (!(error instanceof GoQueueError)) throw error
      tell({ kind: 'notCommitted', partition: record.partition, offset: record.offset, code: error.code })
    }
  }
  closeSync(output)
}

process.on('message', (message: ToWorker) => {
  if (message === 'join') void work()
  else void client.close().then(() => process.disconnect())
})
tell({ kind: 'ready' })

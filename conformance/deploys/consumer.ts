// One consumer of a group that is deployed again and again: finishes each record in a file of its own, then commits it.
import { closeSync, openSync, writeSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { Client, GoQueueError, type GroupConsumerOptions } from '@goqueue/client'
import type { ConsumerArguments } from './consumer-process.ts'

/** What finishing a record takes: so there mostly is one in hand when the process is told to end. */
const WORK_MS = 40

const { broker, file, ...options } = JSON.parse(process.argv[2]!) as ConsumerArguments
const client = new Client({ brokers: [broker] })
const group = client.groupConsumer(options satisfies GroupConsumerOptions)

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function work(): Promise<void> {
  const finished = openSync(file, 'a')
  await group.joinGroup()
  say(`joined ${group.generationId}`)
  for await (const record of group) {
    await setTimeout(WORK_MS)
    writeSync(finished, `${record.partition} ${record.offset}\n`)
    say(`finished ${record.partition} ${record.offset}`)
    try {
      await group.commit(record)
    } catch (error) {
      // Given up, or closed, while this record was in hand: whoever has the partition next gets it again.
      if (!(error instanceof GoQueueError)) throw error
    }
  }
  closeSync(finished)
}

process.once('SIGTERM', () => void client.close())
await work()

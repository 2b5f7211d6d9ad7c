// The typed worker against goqueue-broker: what was handled at which attempt, what was put aside, and that nothing is left.
import { Client } from '@goqueue/client'
import { expect, test } from 'vitest'
import { useBrokerProcesses } from '../support/broker-process.ts'
import { runExample, WELL } from './run-example.ts'

const brokers = useBrokerProcesses()

test('a typed worker handles what fits, repeats what fails, and puts aside what fails for good', async () => {
  const { address } = await brokers.start({ dataDir: await brokers.directory() })

  const ended = await runExample('04-typed-worker', address)

  expect(ended).toMatchObject(WELL)
  expect(ended.lines.slice(0, 3).sort()).toEqual([
    'ada paid for the flat white of 2031, attempt 1',
    'ben paid for the espresso of 2031, attempt 2',
    'dora paid for the tea of 2031, attempt 1',
  ])
  expect(ended.lines[3]).toBe('every order is paid for or put aside')
  expect(ended.lines.slice(4).sort()).toEqual([
    'cem, attempts 3: 300 cents were refused: the card has expired',
    expect.stringMatching(/^eva, attempts 1: orders\[[01]\] at offset \d: value.cents: .*string/),
  ])

  const client = new Client({ brokers: [address] })
  for (const groupId of ['payments', 'support']) {
    expect(await client.admin().lag(groupId)).toMatchObject({ state: 'Empty', lag: 0 })
  }
  await client.close()
})

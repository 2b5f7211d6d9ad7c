// The deploys of a cooperative group against goqueue-broker: what changed hands, what went on meanwhile, what was finished.
import { expect, test } from 'vitest'
import { useBrokerProcesses } from '../support/broker-process.ts'
import { runExample, WELL } from './run-example.ts'

const brokers = useBrokerProcesses()

function numbersIn(text: string | undefined): number[] {
  return (text ?? '').match(/\d+/g)?.map(Number) ?? []
}

test('while workers are replaced, the partitions of the others go on, and no record is skipped', async () => {
  const { address } = await brokers.start({ dataDir: await brokers.directory() })

  const ended = await runExample('05-cooperative-deploys', address)

  expect(ended).toMatchObject(WELL)
  const lines = [...ended.lines]
  expect(lines.splice(0, 3)).toEqual([
    'worker-1 has partitions 0, 3',
    'worker-2 has partitions 1, 4',
    'worker-3 has partitions 2, 5',
  ])
  for (const name of ['worker-1', 'worker-2', 'worker-3']) {
    const [replaced, meanwhile] = lines.splice(0, 2)
    const moved = /^(?<name>worker-\d) replaced: partitions (?<moved>[\d, ]+) changed hands$/.exec(
      replaced ?? '',
    )?.groups
    const others = /^ {2}meanwhile finished of (?<counts>\d: \d+(, \d: \d+)*)$/.exec(meanwhile ?? '')?.groups
    expect(moved?.['name']).toBe(name)
    const counts = new Map((others?.['counts'] ?? '').split(', ').map((text) => numbersIn(text) as [number, number]))
    expect([...numbersIn(moved?.['moved']), ...counts.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5])
    // Two are given up by the old worker. What else may move is what the others must give to the new one.
    expect(counts.size).toBeGreaterThanOrEqual(2)
    expect(Math.min(...counts.values())).toBeGreaterThan(0)
  }
  expect(lines).toEqual([expect.stringMatching(/^produced [1-9]\d+, skipped 0, finished again \d+$/)])
})

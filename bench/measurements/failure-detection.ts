// Failure detection: how long after its session deadline the broker notices that a member fell silent.
import { setTimeout } from 'node:timers/promises'
import { Client } from '@goqueue/client'
import { startBroker } from '../broker-process.ts'
import type { Measurement } from '../measurement.ts'
import { MortalClient } from '../mortal-client.ts'
import { noticedSilence } from '../rebalances.ts'
import { median } from '../statistics.ts'

const TOPIC = 'failure-detection'
const SESSION_MS = 6_000
const HEARTBEAT_MS = 100
const DEATHS_PER_SECOND = 10

export const failureDetection: Measurement = {
  name: 'failure-detection',
  title: `from the session deadline of a dead member to its detection`,
  async run({ seconds, directory }) {
    const broker = await startBroker(`${directory}/data`)
    const client = new Client({ brokers: [broker.address], clientId: 'bench' })
    await client.admin().createTopic({ name: TOPIC, partitions: 1 })
    const deaths = Math.max(3, Math.round(seconds * DEATHS_PER_SECOND))
    // Each in a group of its own, so that nothing waits for anybody else.
    const mortals = await Promise.all(
      Array.from({ length: deaths }, async (_, index) => {
        const mortal = new MortalClient(broker.address)
        const member = mortal.client.groupConsumer({
          groupId: `group-${index}`,
          topics: [TOPIC],
          sessionTimeoutMs: SESSION_MS,
          heartbeatIntervalMs: HEARTBEAT_MS,
        })
        await member.joinGroup()
        return { mortal, memberId: member.memberId! }
      }),
    )
    await setTimeout(10 * HEARTBEAT_MS)
    for (const { mortal } of mortals) {
      mortal.kill()
      await setTimeout(1_000 / DEATHS_PER_SECOND)
    }
    const noticed = await noticedSilence(
      client,
      mortals.map(({ memberId }) => memberId),
    )
    await client.close()
    const lateMs = mortals.map(({ mortal, memberId }) => noticed.get(memberId)! - mortal.lastHeartbeatMs - SESSION_MS)
    const notes = { deaths, fastestRound: Math.min(...lateMs), slowestRound: Math.max(...lateMs) }
    return [
      { name: 'median', value: median(lateMs), unit: 'ms', notes },
      { name: 'latest', value: Math.max(...lateMs), unit: 'ms', target: { below: 50 }, notes },
    ]
  },
}

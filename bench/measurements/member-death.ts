// The death of one member of a hundred: what the others' partitions notice of it, and when the dead one's flow again.
import { writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { Client } from '@goqueue/client'
import { startBroker } from '../broker-process.ts'
import type { Measurement } from '../measurement.ts'
import { MortalClient } from '../mortal-client.ts'
import { noticedSilence } from '../rebalances.ts'

const TOPIC = 'member-death'
const MEMBERS = 100
const PARTITIONS = 2 * MEMBERS
const SESSION_MS = 6_000
const HEARTBEAT_MS = 100
/** What is promised from the session's deadline on, besides one heartbeat interval. */
const MARGIN_MS = 200
/** What the dead one's partitions owe is there when they flow again: only the gap is as coarse as this. */
const SEND_EVERY_MS = 200

/** For compilers, caches, and the files of two hundred partitions. */
const WARM_UP_MS = 8_000

/** When each partition last delivered something, and the longest that it delivered nothing. */
class Deliveries {
  private readonly lastMs = new Array<number>(PARTITIONS).fill(NaN)
  private readonly gapsMs = new Array<number>(PARTITIONS).fill(0)

  note(partition: number): void {
    const nowMs = performance.now()
    const gapMs = nowMs - this.lastMs[partition]!
    if (gapMs > this.gapsMs[partition]!) this.gapsMs[partition] = gapMs
    this.lastMs[partition] = nowMs
  }

  /** Since the last call. */
  longestGapMs(partitions: readonly number[]): number {
    const longestMs = Math.max(...partitions.map((partition) => this.gapsMs[partition]!))
    this.gapsMs.fill(0)
    return longestMs
  }
}

export const memberDeath: Measurement = {
  name: 'member-death',
  title: `a cooperative group of ${MEMBERS} members, heartbeats every ${HEARTBEAT_MS} ms: one dies`,
  async run({ seconds, directory }) {
    // It is not the disk that is measured: two hundred partitions wait long for their turn on a busy one.
    writeFileSync(`${directory}/broker.json`, JSON.stringify({ flush: 'os' }))
    const broker = await startBroker(`${directory}/data`, ['--config', `${directory}/broker.json`])
    const client = new Client({ brokers: [broker.address], clientId: 'bench' })
    await client.admin().createTopic({ name: TOPIC, partitions: PARTITIONS })
    const mortals = Array.from({ length: MEMBERS }, () => new MortalClient(broker.address))
    const members = mortals.map((mortal) =>
      mortal.client.groupConsumer({
        groupId: 'bench',
        topics: [TOPIC],
        assignors: ['cooperative-sticky'],
        sessionTimeoutMs: SESSION_MS,
        heartbeatIntervalMs: HEARTBEAT_MS,
      }),
    )
    await Promise.all(members.map((member) => member.joinGroup()))
    const share = (index: number) => members[index]!.getAssignment()[TOPIC] ?? []
    while (!members.every((_, index) => share(index).length === 2)) await setTimeout(50)

    const deliveries = new Deliveries()
    const moving = share(0)
    const unmoved = Array.from({ length: PARTITIONS }, (_, partition) => partition).filter(
      (partition) => !moving.includes(partition),
    )
    const flowAgain = new Map<number, number>()
    const signals = new Set<AbortSignal>()
    const reading = members.map(async (member, index) => {
      for await (const { partition, signal } of member) {
        if (index === 0) continue
        if (moving.includes(partition) && !flowAgain.has(partition)) {
          flowAgain.set(partition, performance.timeOrigin + performance.now())
        }
        deliveries.note(partition)
        signals.add(signal)
      }
    })
    let isOver = false
    const producing = (async () => {
      const producer = client.producer()
      const sends: Promise<unknown>[] = []
      while (!isOver) {
        sends.push(
          producer.send(
            Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition, value: 'x' })),
          ),
        )
        await setTimeout(SEND_EVERY_MS)
      }
      await Promise.all(sends)
    })()

    await setTimeout(WARM_UP_MS)
    deliveries.longestGapMs(unmoved)
    // As long as what follows, with nobody dying.
    await setTimeout(SESSION_MS + seconds * 100)
    const usualGapMs = deliveries.longestGapMs(unmoved)
    mortals[0]!.kill()
    const deadlineMs = mortals[0]!.lastHeartbeatMs + SESSION_MS
    while (flowAgain.size < moving.length) await setTimeout(10)
    await setTimeout(seconds * 100)
    const gapMs = deliveries.longestGapMs(unmoved)
    if ([...signals].some(({ aborted }) => aborted)) throw new Error('a partition that need not move was given up')
    const { memberId } = members[0]!
    const noticedMs = (await noticedSilence(client, [memberId!])).get(memberId!)! - deadlineMs
    isOver = true
    await producing
    await Promise.all(mortals.slice(1).map((mortal) => mortal.client.close()))
    await Promise.all(reading.slice(1))
    const flowMs = [...flowAgain.values()].map((ms) => ms - deadlineMs)
    return [
      {
        name: 'longest gap of an unmoved partition',
        value: gapMs,
        unit: 'ms',
        bare: { name: 'nobody dying', value: usualGapMs },
      },
      {
        name: 'deadline to the first record of a moved one',
        value: Math.max(...flowMs),
        unit: 'ms',
        target: { below: HEARTBEAT_MS + MARGIN_MS },
        notes: { noticedMs },
      },
    ]
  },
}

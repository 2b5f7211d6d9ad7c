// Durable offset commits: the 50 members of one group, each on a connection of its own, commit one offset after another.
import { Client, type GroupConsumer } from '@goqueue/client'
import { startBroker } from '../broker-process.ts'
import type { Measurement } from '../measurement.ts'
import { rawConnections } from '../raw/raw-server.ts'
import { repeat } from '../repeat.ts'
import { inRounds } from '../rounds.ts'

const TOPIC = 'commits'
const COMMITTERS = 50
/** About what an OffsetCommit request takes. */
const REQUEST = Buffer.alloc(150, 'x')

/** One member, its partition, and what it commits next. */
interface Committer {
  readonly client: Client
  readonly member: GroupConsumer
  partition: number
  offset: number
}

export const commits: Measurement = {
  name: 'commits',
  title: `durable offset commits, ${COMMITTERS} committers`,
  async run({ seconds, directory }) {
    const broker = await startBroker(`${directory}/data`)
    const committers = await joinAll(broker.address)
    const connections = await rawConnections(directory, COMMITTERS)
    const { perSecond, barePerSecond, notes } = await inRounds({
      seconds,
      broker: broker.process,
      work: (ms) =>
        repeat(COMMITTERS, ms, async (index) => {
          const committer = committers[index]!
          committer.offset += 1
          await committer.member.commitOffset(TOPIC, committer.partition, committer.offset)
          return 1
        }),
      bareWork: (ms) => repeat(COMMITTERS, ms, (index) => connections[index]!.exchange(REQUEST, 60).then(() => 1)),
    })
    for (const { member, partition, offset } of committers) {
      const committed = await member.fetchCommittedOffset(TOPIC, partition)
      if (committed !== offset)
        throw new Error(`partition ${partition} holds ${committed}, and ${offset} was committed`)
    }
    await Promise.all(committers.map(({ client }) => client.close()))
    const bare = { name: 'TCP + fdatasync', value: barePerSecond }
    return [{ name: 'commits', value: perSecond, unit: 'commits/s', target: { atLeast: 20_000 }, bare, notes }]
  },
}

/** All members, once each has its partition. */
async function joinAll(address: string): Promise<Committer[]> {
  const clients = Array.from({ length: COMMITTERS }, () => new Client({ brokers: [address], clientId: 'bench' }))
  await clients[0]!.admin().createTopic({ name: TOPIC, partitions: COMMITTERS })
  const committers = clients.map((client): Committer => {
    const member = client.groupConsumer({ groupId: 'bench', topics: [TOPIC] })
    return { client, member, partition: -1, offset: 0 }
  })
  await Promise.all(committers.map(({ member }) => member.joinGroup()))
  const isSettled = () => committers.every(({ member }) => member.getAssignment()[TOPIC]?.length === 1)
  while (!isSettled()) await new Promise((resolve) => setTimeout(resolve, 50))
  for (const committer of committers) committer.partition = committer.member.getAssignment()[TOPIC]![0]!
  return committers
}

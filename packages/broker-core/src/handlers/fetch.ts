// Fetch: reads whole batches up to the high watermark, waiting for `minBytes` where the logs are at their end.
import { ZERO_UUID, type ErrorCode, type RequestOf, type ResponseInput } from '@goqueue/protocol'
import type { PartitionLog } from '../log/partition-log.ts'
import type { RequestContext } from '../request-context.ts'
import type { Topic } from '../topics/topic-catalog.ts'
import type { Handler } from './handler.ts'
import type { Services } from './services.ts'

type TopicAnswer = ResponseInput<'Fetch'>['responses'][number]
type PartitionAnswer = TopicAnswer['partitions'][number]
type TopicAsked = RequestOf<'Fetch'>['topics'][number]
type PartitionAsked = TopicAsked['partitions'][number]

const TOPIC_IDS_SINCE = 13
const EMPTY = Buffer.alloc(0)

/** One partition of the request: what was asked, and its log or what is wrong. */
interface Target {
  readonly partition: number
  readonly fetchOffset: number
  readonly maxBytes: number
  readonly log: PartitionLog | null
  readonly errorCode: ErrorCode
}

/** Each partition once, the last mention of it, as in Kafka: whoever waits listens to each, and is woken for each. */
function withoutRepetitions(topics: readonly TopicAsked[]): TopicAsked[] {
  const byTopic = new Map<string, { asked: TopicAsked; partitions: Map<number, PartitionAsked> }>()
  for (const asked of topics) {
    const key = `${asked.topicId} ${asked.topic}`
    const partitions = byTopic.get(key)?.partitions ?? new Map<number, PartitionAsked>()
    byTopic.set(key, { asked, partitions })
    for (const partition of asked.partitions) partitions.set(partition.partition, partition)
  }
  return Array.from(byTopic.values(), ({ asked, partitions }) => ({ ...asked, partitions: [...partitions.values()] }))
}

function targetsOf(services: Services, asked: TopicAsked, apiVersion: number): Target[] {
  const byId = apiVersion >= TOPIC_IDS_SINCE
  const topic: Topic | undefined = byId ? services.topics.byId(asked.topicId) : services.topics.byName(asked.topic)
  return asked.partitions.map(({ partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch }) => {
    const log = topic?.logs[partition] ?? null
    let errorCode: ErrorCode = 'NONE'
    if (topic === undefined && byId) errorCode = 'UNKNOWN_TOPIC_ID'
    else if (log === null) errorCode = 'UNKNOWN_TOPIC_OR_PARTITION'
    // There is one leader epoch here, 0: only a client that talked to another cluster can know a later one.
    else if (currentLeaderEpoch > 0) errorCode = 'UNKNOWN_LEADER_EPOCH'
    else if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset) errorCode = 'OFFSET_OUT_OF_RANGE'
    return { partition, fetchOffset, maxBytes: partitionMaxBytes, log, errorCode }
  })
}

function isReady(targets: readonly Target[], minBytes: number): boolean {
  if (targets.length === 0 || minBytes <= 0) return true
  let bytes = 0
  for (const { errorCode, log, fetchOffset, maxBytes } of targets) {
    if (errorCode !== 'NONE' || log === null) return true
    bytes += log.readableBytes(fetchOffset, Math.max(maxBytes, 1))
    if (bytes >= minBytes) return true
  }
  return false
}

/** `find` looks the partitions up anew each time: a topic may be deleted meanwhile, which is an answer too. */
async function waitUntilReady(
  services: Services,
  find: () => readonly Target[],
  request: RequestOf<'Fetch'>,
  context: RequestContext,
): Promise<void> {
  const minBytes = Math.min(request.minBytes, request.maxBytes, services.settings.fetchMaxBytes)
  const deadlineMs = services.runtime.nowMs() + Math.min(request.maxWaitMs, services.settings.fetchMaxWaitMs)
  for (let targets = find(); !isReady(targets, minBytes); targets = find()) {
    const logs = targets.flatMap(({ log }) => log ?? [])
    const leftMs = deadlineMs - services.runtime.nowMs()
    if ((await services.fetchWaiter.wait(logs, leftMs, context.closed)) === 'over') return
  }
}

function failed({ partition, log }: Target, errorCode: ErrorCode): PartitionAnswer {
  const logStartOffset = log?.logStartOffset ?? -1
  return {
    partitionIndex: partition,
    errorCode,
    highWatermark: -1,
    logStartOffset,
    abortedTransactions: null,
    records: EMPTY,
  }
}

/** Reads one partition. The first with records gives at least one batch, however large (KIP-74); later ones what still fits. */
async function readPartition(target: Target, leftBytes: number, isFirst: boolean): Promise<PartitionAnswer> {
  const { log, partition, fetchOffset } = target
  if (target.errorCode !== 'NONE' || log === null) return failed(target, target.errorCode)
  let records: Buffer = EMPTY
  if ((leftBytes > 0 && target.maxBytes > 0) || isFirst) {
    const outcome = await log.read(fetchOffset, Math.min(target.maxBytes, leftBytes))
    if (outcome.errorCode !== 'NONE') return failed(target, outcome.errorCode)
    if (isFirst || outcome.records.length <= leftBytes) records = outcome.records
  }
  return {
    partitionIndex: partition,
    errorCode: 'NONE',
    highWatermark: log.highWatermark,
    lastStableOffset: log.highWatermark,
    logStartOffset: log.logStartOffset,
    abortedTransactions: null,
    records,
  }
}

export const fetch: Handler<'Fetch'> = async (services, request, context) => {
  // Sessions are optional in KIP-227: id 0 tells the client that it got none and must keep sending full requests.
  if (request.sessionId !== 0) return { errorCode: 'FETCH_SESSION_ID_NOT_FOUND', sessionId: 0, responses: [] }
  const topics = withoutRepetitions(request.topics)
  const find = () => topics.map((asked) => targetsOf(services, asked, context.apiVersion))
  await waitUntilReady(services, () => find().flat(), request, context)
  let leftBytes = Math.min(request.maxBytes, services.settings.fetchMaxBytes, services.unsent.room)
  let isFirst = true
  const responses: TopicAnswer[] = []
  for (const [index, targets] of find().entries()) {
    const partitions: PartitionAnswer[] = []
    for (const target of targets) {
      const answer = await readPartition(target, leftBytes, isFirst)
      const bytes = answer.records?.length ?? 0
      leftBytes -= bytes
      if (bytes > 0) isFirst = false
      partitions.push(answer)
    }
    const asked = topics[index]
    responses.push({ topic: asked?.topic ?? '', topicId: asked?.topicId ?? ZERO_UUID, partitions })
  }
  return { errorCode: 'NONE', sessionId: 0, responses }
}

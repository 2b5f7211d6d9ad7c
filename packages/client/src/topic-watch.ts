// Looks at topics now and then: whether those of a group have grown, and whether others match a pattern now.
import type { Cluster } from './cluster.ts'
import { diagnostics } from './diagnostics.ts'
import type { ClusterTopic } from './subscription.ts'
import type { Alarm } from './runtime.ts'

/** What is not there yet is looked for this often. */
const MISSING_CHECK_MS = 1_000

/** One look after another, a `metadataMaxAgeMs` apart, or a second while something is missing. */
export class TopicWatch {
  private readonly cluster: Cluster
  private readonly what: string
  private alarm: Alarm | null = null

  constructor(cluster: Cluster, what: string) {
    this.cluster = cluster
    this.what = what
  }

  /** Looks later, and never again once `look` says so; a look that fails is tried again with the next one. */
  start(isComplete: boolean, look: () => Promise<{ readonly isComplete: boolean } | null>): void {
    this.cancel()
    const { metadataMaxAgeMs, runtime } = this.cluster
    const delayMs = isComplete ? metadataMaxAgeMs : Math.min(MISSING_CHECK_MS, metadataMaxAgeMs)
    const alarm = runtime.setAlarm(delayMs, () => {
      void look()
        .catch((error: unknown) => {
          diagnostics.retry({ what: this.what, attempt: 1, error })
          return { isComplete }
        })
        .then((next) => {
          // Started anew meanwhile: the other goes on.
          if (this.alarm === alarm && next !== null) this.start(next.isComplete, look)
        })
    })
    this.alarm = alarm
  }

  cancel(): void {
    this.alarm?.cancel()
    this.alarm = null
  }
}

/** How many partitions each of these topics has, as far as is known. */
export function partitionCounts(cluster: Cluster, topics: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const topic of topics) {
    const known = cluster.knownTopic(topic)
    if (known !== undefined) counts.set(topic, known.partitions.length)
  }
  return counts
}

/** All topics of the cluster. */
export async function clusterTopics(cluster: Cluster): Promise<ClusterTopic[]> {
  const answer = await cluster.callAny('list topics', {}, (connection, timeoutMs) =>
    connection.request('Metadata', { topics: null, allowAutoTopicCreation: false }, { timeoutMs }),
  )
  return answer.topics
    .filter(({ errorCode }) => errorCode === 'NONE')
    .map(({ name, isInternal }) => ({ name: name ?? '', isInternal }))
}

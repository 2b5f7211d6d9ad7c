// What the handlers are given: the rooms of one broker.
import type { BrokerSettings } from '../broker-defaults.ts'
import type { GroupCoordinator } from '../coordinator/group-coordinator.ts'
import type { FetchWaiter } from '../log/fetch-waiter.ts'
import type { RequestCounts } from '../request-counts.ts'
import type { Runtime } from '../runtime.ts'
import type { ProducerIds } from '../store/producer-ids.ts'
import type { TopicCatalog } from '../topics/topic-catalog.ts'
import type { UnsentBytes } from '../unsent-bytes.ts'

export interface Services {
  readonly settings: BrokerSettings
  readonly runtime: Runtime
  readonly clusterId: string
  readonly nodeId: number
  /** Where the logs are. */
  readonly logDirectory: string
  readonly topics: TopicCatalog
  readonly groups: GroupCoordinator
  readonly producerIds: ProducerIds
  readonly fetchWaiter: FetchWaiter
  readonly requests: RequestCounts
  readonly unsent: UnsentBytes
}

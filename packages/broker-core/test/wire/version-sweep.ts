// Asks an API at every version that the broker advertises, and remembers which APIs were asked.
import { apis, type ApiName, type RequestInput, type ResponseOf } from '@goqueue/protocol'
import type { WireClient } from './wire-client.ts'

/** The APIs of admin-versions.test.ts; all others are those of versions.test.ts. */
export const adminApis: readonly ApiName[] = [
  'AlterConfigs',
  'ConsumerGroupDescribe',
  'CreatePartitions',
  'DeleteGroups',
  'DeleteRecords',
  'DescribeCluster',
  'DescribeConfigs',
  'DescribeLogDirs',
  'IncrementalAlterConfigs',
  'OffsetDelete',
  'OffsetForLeaderEpoch',
]

export class VersionSweep {
  /** The APIs asked so far. */
  readonly asked = new Set<ApiName>()

  /** The advertised versions of an API, which are about to be asked. */
  versionsOf(name: ApiName): number[] {
    this.asked.add(name)
    const { min, max } = apis[name].versions
    return Array.from({ length: max - min + 1 }, (_, index) => min + index)
  }

  /** Asks at each advertised version; `check` is given each answer. */
  async atEach<A extends ApiName>(
    client: WireClient,
    name: A,
    request: (version: number) => RequestInput<A> | Promise<RequestInput<A>>,
    check: (answer: ResponseOf<A>, version: number) => void,
  ): Promise<void> {
    for (const version of this.versionsOf(name)) {
      try {
        check(await client.request(name, version, await request(version)), version)
      } catch (error) {
        throw new Error(`${name} v${version}`, { cause: error })
      }
    }
  }
}

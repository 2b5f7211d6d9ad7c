// Writes docs/apis.md from the registry: which Kafka APIs are spoken, in which versions, and what of them is left out.
import { join } from 'node:path'
import { apis, type ApiName } from '@goqueue/protocol'
import { format, resolveConfig } from 'prettier'

/** What an API's newest version could ask for and is not given, or is given otherwise than by Apache Kafka. */
const leftOut: Partial<Record<ApiName, string>> = {
  Produce: 'v0–2 are listed because librdkafka asks for them, and refused: records are v2 batches. No transactions.',
  Fetch: 'No fetch sessions (KIP-227): every request is a full one. No follower fetching, no replica requests.',
  FindCoordinator: 'Group coordinators only: there are no transactions and no share groups.',
  InitProducerId: 'A transactional id is refused with INVALID_REQUEST.',
  CreateTopics: 'A replication factor of 1 or −1 (the default); no manual replica assignment.',
  ListOffsets: 'No tiered storage: its special timestamps answer −1.',
  OffsetForLeaderEpoch: 'There is one leader epoch, 0; a later one is unknown.',
  DescribeConfigs: 'Topics and the broker; no synonyms, no documentation.',
  AlterConfigs: 'Topics only: the broker reads its own settings at start.',
  IncrementalAlterConfigs: 'Topics only: the broker reads its own settings at start.',
  CreatePartitions: 'No manual replica assignment.',
  DescribeLogDirs: 'Sizes of partitions, not of the disk.',
  DescribeCluster: 'One broker; no endpoint of controllers.',
  ConsumerGroupDescribe:
    'Every group is a classic one, so the answer is GROUP_ID_NOT_FOUND: the tools of Kafka then ask DescribeGroups.',
}

/** The whole text of docs/apis.md, formatted. */
export async function apisDocument(root: string): Promise<string> {
  const rows = (Object.keys(apis) as ApiName[])
    .map((name) => ({ name, ...apis[name] }))
    .sort((a, b) => a.key - b.key)
    .map(({ name, key, versions }) => `| ${key} | ${name} | ${versions.min}–${versions.max} | ${leftOut[name] ?? ''} |`)
  const text = [
    '# Kafka APIs',
    'What `goqueue-broker` answers. The table comes from the registry in `@goqueue/protocol` (`npm run docs`).',
    ['| key | API | versions | left out |', '| --: | --- | --- | --- |', ...rows].join('\n'),
    'An API that is not listed here is not advertised either, and a request for it closes the connection.',
  ].join('\n\n')
  const file = join(root, 'docs', 'apis.md')
  return format(text, { ...(await resolveConfig(file)), filepath: file })
}

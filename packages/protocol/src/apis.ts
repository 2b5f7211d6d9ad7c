// The registry of Kafka APIs: key, messages, and the versions our broker answers, with the wire's oddities as data.
import { covers, type Range, type Schema } from './schema.ts'
import { AlterConfigsRequest, AlterConfigsResponse } from './messages/alter-configs.ts'
import { ApiVersionsRequest, ApiVersionsResponse } from './messages/api-versions.ts'
import { ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse } from './messages/consumer-group-describe.ts'
import { CreatePartitionsRequest, CreatePartitionsResponse } from './messages/create-partitions.ts'
import { CreateTopicsRequest, CreateTopicsResponse } from './messages/create-topics.ts'
import { DeleteGroupsRequest, DeleteGroupsResponse } from './messages/delete-groups.ts'
import { DeleteRecordsRequest, DeleteRecordsResponse } from './messages/delete-records.ts'
import { DeleteTopicsRequest, DeleteTopicsResponse } from './messages/delete-topics.ts'
import { DescribeClusterRequest, DescribeClusterResponse } from './messages/describe-cluster.ts'
import { DescribeConfigsRequest, DescribeConfigsResponse } from './messages/describe-configs.ts'
import { DescribeGroupsRequest, DescribeGroupsResponse } from './messages/describe-groups.ts'
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from './messages/describe-log-dirs.ts'
import { FetchRequest, FetchResponse } from './messages/fetch.ts'
import { FindCoordinatorRequest, FindCoordinatorResponse } from './messages/find-coordinator.ts'
import { HeartbeatRequest, HeartbeatResponse } from './messages/heartbeat.ts'
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from './messages/incremental-alter-configs.ts'
import { InitProducerIdRequest, InitProducerIdResponse } from './messages/init-producer-id.ts'
import { JoinGroupRequest, JoinGroupResponse } from './messages/join-group.ts'
import { LeaveGroupRequest, LeaveGroupResponse } from './messages/leave-group.ts'
import { ListGroupsRequest, ListGroupsResponse } from './messages/list-groups.ts'
import { ListOffsetsRequest, ListOffsetsResponse } from './messages/list-offsets.ts'
import { MetadataRequest, MetadataResponse } from './messages/metadata.ts'
import { OffsetCommitRequest, OffsetCommitResponse } from './messages/offset-commit.ts'
import { OffsetDeleteRequest, OffsetDeleteResponse } from './messages/offset-delete.ts'
import { OffsetFetchRequest, OffsetFetchResponse } from './messages/offset-fetch.ts'
import { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse } from './messages/offset-for-leader-epoch.ts'
import { ProduceRequest, ProduceResponse } from './messages/produce.ts'
import { SyncGroupRequest, SyncGroupResponse } from './messages/sync-group.ts'

function api<const Request extends Schema, const Response extends Schema>(
  request: Request,
  response: Response,
  min: number,
  max: number,
  oddities: { responseHeaderVersion?: 0 } = {},
) {
  return { key: request.apiKey, request, response, versions: { min, max } satisfies Range, ...oddities }
}

/** All APIs this package speaks. `versions` is what our broker advertises; the declarations may reach further. */
export const apis = {
  // v0–2 are advertised though refused: librdkafka up to 2.10 sends nothing compressed, or no v2 batch at all, without them.
  Produce: api(ProduceRequest, ProduceResponse, 0, 11),
  Fetch: api(FetchRequest, FetchResponse, 4, 17),
  ListOffsets: api(ListOffsetsRequest, ListOffsetsResponse, 1, 10),
  Metadata: api(MetadataRequest, MetadataResponse, 0, 12),
  OffsetCommit: api(OffsetCommitRequest, OffsetCommitResponse, 2, 9),
  OffsetFetch: api(OffsetFetchRequest, OffsetFetchResponse, 1, 9),
  FindCoordinator: api(FindCoordinatorRequest, FindCoordinatorResponse, 0, 6),
  JoinGroup: api(JoinGroupRequest, JoinGroupResponse, 0, 9),
  Heartbeat: api(HeartbeatRequest, HeartbeatResponse, 0, 4),
  LeaveGroup: api(LeaveGroupRequest, LeaveGroupResponse, 0, 5),
  SyncGroup: api(SyncGroupRequest, SyncGroupResponse, 0, 5),
  DescribeGroups: api(DescribeGroupsRequest, DescribeGroupsResponse, 0, 6),
  ListGroups: api(ListGroupsRequest, ListGroupsResponse, 0, 5),
  // A client that does not know our versions yet must be able to read the answer: its header is always v0.
  ApiVersions: api(ApiVersionsRequest, ApiVersionsResponse, 0, 4, { responseHeaderVersion: 0 }),
  CreateTopics: api(CreateTopicsRequest, CreateTopicsResponse, 2, 7),
  DeleteTopics: api(DeleteTopicsRequest, DeleteTopicsResponse, 1, 6),
  DeleteRecords: api(DeleteRecordsRequest, DeleteRecordsResponse, 0, 2),
  InitProducerId: api(InitProducerIdRequest, InitProducerIdResponse, 0, 5),
  OffsetForLeaderEpoch: api(OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, 2, 4),
  DescribeConfigs: api(DescribeConfigsRequest, DescribeConfigsResponse, 1, 4),
  AlterConfigs: api(AlterConfigsRequest, AlterConfigsResponse, 0, 2),
  DescribeLogDirs: api(DescribeLogDirsRequest, DescribeLogDirsResponse, 1, 4),
  CreatePartitions: api(CreatePartitionsRequest, CreatePartitionsResponse, 0, 3),
  DeleteGroups: api(DeleteGroupsRequest, DeleteGroupsResponse, 0, 2),
  IncrementalAlterConfigs: api(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, 0, 1),
  OffsetDelete: api(OffsetDeleteRequest, OffsetDeleteResponse, 0, 0),
  DescribeCluster: api(DescribeClusterRequest, DescribeClusterResponse, 0, 2),
  ConsumerGroupDescribe: api(ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, 0, 1),
} as const

export type Apis = typeof apis
export type ApiName = keyof Apis

const nameByKey = new Map<number, ApiName>(
  (Object.keys(apis) as ApiName[]).map((name): [number, ApiName] => [apis[name].key, name]),
)

/** The API of a key on the wire, or undefined where this package does not speak it. */
export function apiName(key: number): ApiName | undefined {
  return nameByKey.get(key)
}

/** Request headers are v2 (tagged fields) exactly where the request body is flexible, else v1. */
export function isRequestHeaderFlexible(name: ApiName, version: number): boolean {
  return covers(apis[name].request.flexible, version)
}

/** Response headers are v1 (tagged fields) where the response body is flexible, but for the oddities in the table. */
export function isResponseHeaderFlexible(name: ApiName, version: number): boolean {
  const entry: { response: Schema; responseHeaderVersion?: 0 } = apis[name]
  return entry.responseHeaderVersion !== 0 && covers(entry.response.flexible, version)
}

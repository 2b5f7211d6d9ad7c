// The one list of Kafka's error codes: name, number, whether a retry may help, the seed's number, and what it means.

// prettier-ignore
const rows = [
  ['UNKNOWN_SERVER_ERROR', -1, false, 2, 'the broker failed in a way it has no code for'],
  ['NONE', 0, false, 2, 'no error'],
  ['OFFSET_OUT_OF_RANGE', 1, false, 2, 'the offset lies before the log start offset or beyond the log end offset'],
  ['CORRUPT_MESSAGE', 2, true, 1, 'the records fail their CRC or contradict their own header'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 3, true, 3, 'the broker has no such topic or partition'],
  ['INVALID_FETCH_SIZE', 4, false, 2, 'the fetch size is not allowed'],
  ['LEADER_NOT_AVAILABLE', 5, true, 2, 'the partition has no leader at the moment'],
  ['NOT_LEADER_OR_FOLLOWER', 6, true, 2, 'this broker does not lead the partition; refresh the metadata'],
  ['REQUEST_TIMED_OUT', 7, true, 2, 'the request was not finished in the time it allowed'],
  ['BROKER_NOT_AVAILABLE', 8, false, 2, 'the broker is not available'],
  ['REPLICA_NOT_AVAILABLE', 9, true, 2, 'the replica is not available'],
  ['MESSAGE_TOO_LARGE', 10, false, 2, 'a record batch is larger than max.message.bytes'],
  ['STALE_CONTROLLER_EPOCH', 11, false, 2, 'the controller has moved'],
  ['OFFSET_METADATA_TOO_LARGE', 12, false, 2, 'the metadata of a committed offset is larger than offset.metadata.max.bytes'],
  ['NETWORK_EXCEPTION', 13, true, 2, 'the connection broke before the answer came'],
  ['COORDINATOR_LOAD_IN_PROGRESS', 14, true, 2, 'the coordinator is loading the group; try again'],
  ['COORDINATOR_NOT_AVAILABLE', 15, true, 2, 'the coordinator is not available; try again'],
  ['NOT_COORDINATOR', 16, true, 2, 'this broker does not coordinate the group; find the coordinator again'],
  ['INVALID_TOPIC_EXCEPTION', 17, false, 2, 'the topic name is not allowed (1 to 249 of [a-zA-Z0-9._-], not "." or ".."), or the topic is internal and the broker alone writes it'],
  ['RECORD_LIST_TOO_LARGE', 18, false, 2, 'the record batch is larger than a segment'],
  ['NOT_ENOUGH_REPLICAS', 19, true, 2, 'fewer replicas are in sync than min.insync.replicas'],
  ['NOT_ENOUGH_REPLICAS_AFTER_APPEND', 20, true, 2, 'the records were written, but to fewer replicas than min.insync.replicas'],
  ['INVALID_REQUIRED_ACKS', 21, false, 2, 'acks must be -1 (all), 0 or 1'],
  ['ILLEGAL_GENERATION', 22, false, 2, 'the member\'s generation is not the group\'s current one'],
  ['INCONSISTENT_GROUP_PROTOCOL', 23, false, 2, 'the member shares no protocol type or protocol name with the rest of the group'],
  ['INVALID_GROUP_ID', 24, false, 2, 'the group id is not allowed'],
  ['UNKNOWN_MEMBER_ID', 25, false, 2, 'the group has no such member'],
  ['INVALID_SESSION_TIMEOUT', 26, false, 2, 'the session timeout lies outside group.min.session.timeout.ms and group.max.session.timeout.ms'],
  ['REBALANCE_IN_PROGRESS', 27, false, 2, 'the group is rebalancing: the member must rejoin'],
  ['INVALID_COMMIT_OFFSET_SIZE', 28, false, 2, 'the committed offset data is too large'],
  ['TOPIC_AUTHORIZATION_FAILED', 29, false, 2, 'not authorised for the topic'],
  ['GROUP_AUTHORIZATION_FAILED', 30, false, 2, 'not authorised for the group'],
  ['CLUSTER_AUTHORIZATION_FAILED', 31, false, 2, 'not authorised for the cluster'],
  ['INVALID_TIMESTAMP', 32, false, 2, 'a record\'s timestamp is too far from the broker\'s time'],
  ['UNSUPPORTED_SASL_MECHANISM', 33, false, 2, 'the broker does not offer this SASL mechanism'],
  ['ILLEGAL_SASL_STATE', 34, false, 2, 'this request is not legal at this point of the authentication'],
  ['UNSUPPORTED_VERSION', 35, false, 1, 'the broker does not support this version of the API'],
  ['TOPIC_ALREADY_EXISTS', 36, false, 2, 'a topic of this name exists'],
  ['INVALID_PARTITIONS', 37, false, 2, 'the number of partitions is not allowed'],
  ['INVALID_REPLICATION_FACTOR', 38, false, 2, 'the replication factor is not possible here'],
  ['INVALID_REPLICA_ASSIGNMENT', 39, false, 2, 'the replica assignment is not possible here'],
  ['INVALID_CONFIG', 40, false, 2, 'a config key or its value is not allowed'],
  ['NOT_CONTROLLER', 41, true, 2, 'this broker is not the controller'],
  ['INVALID_REQUEST', 42, false, 1, 'the request contradicts itself or asks for what cannot be asked'],
  ['UNSUPPORTED_FOR_MESSAGE_FORMAT', 43, false, 2, 'the record format does not support the request; only format v2 is stored'],
  ['POLICY_VIOLATION', 44, false, 2, 'a limit or policy of the broker forbids it'],
  ['OUT_OF_ORDER_SEQUENCE_NUMBER', 45, false, 2, 'the producer\'s sequence number does not follow its last one'],
  ['DUPLICATE_SEQUENCE_NUMBER', 46, false, 2, 'the producer\'s sequence number was seen before'],
  ['INVALID_PRODUCER_EPOCH', 47, false, 2, 'the producer\'s epoch is older than the current one'],
  ['INVALID_TXN_STATE', 48, false, 2, 'the transaction is in a state that does not allow it'],
  ['INVALID_PRODUCER_ID_MAPPING', 49, false, 2, 'the producer id does not belong to the transactional id'],
  ['INVALID_TRANSACTION_TIMEOUT', 50, false, 2, 'the transaction timeout is larger than the broker allows'],
  ['CONCURRENT_TRANSACTIONS', 51, true, 2, 'another transaction of this producer is still ending'],
  ['TRANSACTION_COORDINATOR_FENCED', 52, false, 2, 'the transaction coordinator is an old one'],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 53, false, 2, 'not authorised for the transactional id'],
  ['SECURITY_DISABLED', 54, false, 2, 'security features are switched off'],
  ['OPERATION_NOT_ATTEMPTED', 55, false, 2, 'not attempted, because something before it failed'],
  ['KAFKA_STORAGE_ERROR', 56, true, 2, 'the disk failed under the partition, or has no room for records'],
  ['LOG_DIR_NOT_FOUND', 57, false, 2, 'there is no such log directory'],
  ['SASL_AUTHENTICATION_FAILED', 58, false, 2, 'the SASL authentication failed'],
  ['UNKNOWN_PRODUCER_ID', 59, false, 2, 'the broker knows nothing of this producer id'],
  ['REASSIGNMENT_IN_PROGRESS', 60, false, 2, 'the partition is being reassigned'],
  ['DELEGATION_TOKEN_AUTH_DISABLED', 61, false, 2, 'delegation tokens are switched off'],
  ['DELEGATION_TOKEN_NOT_FOUND', 62, false, 2, 'there is no such delegation token'],
  ['DELEGATION_TOKEN_OWNER_MISMATCH', 63, false, 2, 'the delegation token belongs to another principal'],
  ['DELEGATION_TOKEN_REQUEST_NOT_ALLOWED', 64, false, 2, 'delegation tokens cannot be asked for on this connection'],
  ['DELEGATION_TOKEN_AUTHORIZATION_FAILED', 65, false, 2, 'not authorised for the delegation token'],
  ['DELEGATION_TOKEN_EXPIRED', 66, false, 2, 'the delegation token has expired'],
  ['INVALID_PRINCIPAL_TYPE', 67, false, 2, 'the principal type is not supported'],
  ['NON_EMPTY_GROUP', 68, false, 2, 'the group has members'],
  ['GROUP_ID_NOT_FOUND', 69, false, 3, 'there is no such group'],
  ['FETCH_SESSION_ID_NOT_FOUND', 70, true, 2, 'the fetch session is gone; start a new one'],
  ['INVALID_FETCH_SESSION_EPOCH', 71, true, 2, 'the fetch session epoch does not follow the last one'],
  ['LISTENER_NOT_FOUND', 72, true, 2, 'the leader has no listener of this kind'],
  ['TOPIC_DELETION_DISABLED', 73, false, 2, 'topic deletion is switched off'],
  ['FENCED_LEADER_EPOCH', 74, true, 2, 'the leader epoch is older than the broker\'s'],
  ['UNKNOWN_LEADER_EPOCH', 75, true, 2, 'the leader epoch is newer than the broker\'s'],
  ['UNSUPPORTED_COMPRESSION_TYPE', 76, false, 2, 'the client does not support the compression of these records'],
  ['STALE_BROKER_EPOCH', 77, false, 2, 'the broker epoch has changed'],
  ['OFFSET_NOT_AVAILABLE', 78, true, 2, 'the leader cannot tell the offset yet; try again'],
  ['MEMBER_ID_REQUIRED', 79, false, 2, 'join again with the member id that this answer carries'],
  ['PREFERRED_LEADER_NOT_AVAILABLE', 80, true, 2, 'the preferred leader is not available'],
  ['GROUP_MAX_SIZE_REACHED', 81, false, 2, 'the group has group.max.size members'],
  ['FENCED_INSTANCE_ID', 82, false, 2, 'another member has taken over this group instance id'],
  ['ELIGIBLE_LEADERS_NOT_AVAILABLE', 83, true, 2, 'no eligible leader is available'],
  ['ELECTION_NOT_NEEDED', 84, true, 2, 'the partition needs no election'],
  ['NO_REASSIGNMENT_IN_PROGRESS', 85, false, 2, 'no reassignment is in progress'],
  ['GROUP_SUBSCRIBED_TO_TOPIC', 86, false, 2, 'the group is subscribed to the topic'],
  ['INVALID_RECORD', 87, false, 2, 'a record is not valid'],
  ['UNSTABLE_OFFSET_COMMIT', 88, true, 2, 'offsets of an open transaction are pending; try again'],
  ['THROTTLING_QUOTA_EXCEEDED', 89, true, 2, 'a quota was exceeded; try again later'],
  ['PRODUCER_FENCED', 90, false, 2, 'a newer producer has the same transactional id'],
  ['RESOURCE_NOT_FOUND', 91, false, 2, 'there is no such resource'],
  ['DUPLICATE_RESOURCE', 92, false, 2, 'the resource exists'],
  ['UNACCEPTABLE_CREDENTIAL', 93, false, 2, 'the credential does not meet the requirements'],
  ['INCONSISTENT_VOTER_SET', 94, false, 2, 'the voter sets differ'],
  ['INVALID_UPDATE_VERSION', 95, false, 2, 'the update version is not valid'],
  ['FEATURE_UPDATE_FAILED', 96, false, 2, 'the features could not be updated'],
  ['PRINCIPAL_DESERIALIZATION_FAILURE', 97, false, 2, 'the forwarded principal cannot be read'],
  ['SNAPSHOT_NOT_FOUND', 98, false, 2, 'there is no such snapshot'],
  ['POSITION_OUT_OF_RANGE', 99, false, 2, 'the snapshot is shorter than the position asked for'],
  ['UNKNOWN_TOPIC_ID', 100, true, 3, 'the broker has no topic of this id'],
  ['DUPLICATE_BROKER_REGISTRATION', 101, false, 2, 'the broker id is in use'],
  ['BROKER_ID_NOT_REGISTERED', 102, false, 2, 'the broker id is not registered'],
  ['INCONSISTENT_TOPIC_ID', 103, true, 2, 'the topic id is not the one in the log'],
  ['INCONSISTENT_CLUSTER_ID', 104, false, 2, 'the cluster id is not this cluster\'s'],
  ['TRANSACTIONAL_ID_NOT_FOUND', 105, false, 2, 'there is no such transactional id'],
  ['FETCH_SESSION_TOPIC_ID_ERROR', 106, true, 2, 'the fetch session mixes topic names and ids; start a new one'],
  ['INELIGIBLE_REPLICA', 107, false, 2, 'the replica cannot join the in-sync set'],
  ['NEW_LEADER_ELECTED', 108, false, 2, 'the change made another replica the leader'],
  ['OFFSET_MOVED_TO_TIERED_STORAGE', 109, false, 2, 'the offset has moved to tiered storage'],
  ['FENCED_MEMBER_EPOCH', 110, false, 2, 'the member epoch is not the current one: rejoin'],
  ['UNRELEASED_INSTANCE_ID', 111, false, 2, 'another member still holds this group instance id'],
  ['UNSUPPORTED_ASSIGNOR', 112, false, 2, 'the broker does not offer this assignor'],
  ['STALE_MEMBER_EPOCH', 113, false, 2, 'the member epoch is old: learn the new one from a heartbeat'],
  ['MISMATCHED_ENDPOINT_TYPE', 114, false, 2, 'the request was sent to the wrong kind of endpoint'],
  ['UNSUPPORTED_ENDPOINT_TYPE', 115, false, 2, 'this kind of endpoint is not supported'],
  ['UNKNOWN_CONTROLLER_ID', 116, false, 2, 'the controller id is unknown'],
  ['UNKNOWN_SUBSCRIPTION_ID', 117, false, 2, 'the telemetry subscription is not the current one'],
  ['TELEMETRY_TOO_LARGE', 118, false, 2, 'the telemetry push is too large'],
  ['INVALID_REGISTRATION', 119, false, 2, 'the registration is not valid'],
  ['TRANSACTION_ABORTABLE', 120, false, 2, 'the transaction must be aborted'],
  ['INVALID_RECORD_STATE', 121, false, 2, 'the record\'s delivery state does not allow it'],
  ['SHARE_SESSION_NOT_FOUND', 122, true, 2, 'the share session is gone; start a new one'],
  ['INVALID_SHARE_SESSION_EPOCH', 123, true, 2, 'the share session epoch does not follow the last one'],
  ['FENCED_STATE_EPOCH', 124, false, 2, 'the share state epoch is old'],
  ['INVALID_VOTER_KEY', 125, false, 2, 'the voter key is not the one known'],
  ['DUPLICATE_VOTER', 126, false, 2, 'the voter exists'],
  ['VOTER_NOT_FOUND', 127, false, 2, 'there is no such voter'],
  ['INVALID_REGULAR_EXPRESSION', 128, false, 2, 'the regular expression is not valid'],
  ['REBOOTSTRAP_REQUIRED', 129, false, 2, 'the client must start again from its bootstrap brokers'],
  ['STREAMS_INVALID_TOPOLOGY', 130, false, 2, 'the streams topology is not valid'],
  ['STREAMS_INVALID_TOPOLOGY_EPOCH', 131, false, 2, 'the streams topology epoch is not valid'],
  ['STREAMS_TOPOLOGY_FENCED', 132, false, 2, 'the streams topology epoch is old'],
  ['SHARE_SESSION_LIMIT_REACHED', 133, true, 2, 'the broker holds as many share sessions as it may'],
] as const

/** Kafka's name of an error, e.g. 'REBALANCE_IN_PROGRESS'; 'NONE' is no error. */
export type ErrorCode = (typeof rows)[number][0]

export interface ErrorEntry {
  readonly name: ErrorCode
  /** Kafka's number on the wire. */
  readonly code: number
  /** Whether the same request may succeed later, perhaps after a metadata or coordinator refresh. */
  readonly retriable: boolean
  /** Go Queue's number: 1 the request could not be understood, 2 anything else, 3 the thing named does not exist. */
  readonly errorCode: 1 | 2 | 3
  /** One clause in lower case that fits behind a colon. */
  readonly description: string
}

export const errors: readonly ErrorEntry[] = rows.map(([name, code, retriable, errorCode, description]) => ({
  name,
  code,
  retriable,
  errorCode,
  description,
}))

const byName = new Map<string, ErrorEntry>(errors.map((entry) => [entry.name, entry]))
const nameByCode = new Map<number, ErrorCode>(errors.map((entry) => [entry.code, entry.name]))

/** The table's entry of an error. */
export function errorEntry(name: ErrorCode): ErrorEntry {
  return byName.get(name) as ErrorEntry
}

/** The number on the wire. */
export function errorNumber(name: ErrorCode): number {
  return errorEntry(name).code
}

/** The name of a number on the wire; one this build does not know is 'UNKNOWN_SERVER_ERROR'. */
export function errorName(code: number): ErrorCode {
  return nameByCode.get(code) ?? 'UNKNOWN_SERVER_ERROR'
}

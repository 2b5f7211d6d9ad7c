// ConsumerGroupDescribe: every group here is a classic one. Kafka's own tools ask here first and then DescribeGroups.
import type { Handler } from './handler.ts'

export const consumerGroupDescribe: Handler<'ConsumerGroupDescribe'> = (_services, request) => ({
  groups: request.groupIds.map((groupId) => ({
    errorCode: 'GROUP_ID_NOT_FOUND',
    errorMessage: `Group ${groupId} is not a consumer group of KIP-848.`,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  })),
})

// DescribeGroups: for the group coordinator.
import type { Handler } from './handler.ts'

export const describeGroups: Handler<'DescribeGroups'> = (services, request, { apiVersion }) => ({
  // Each once, however often it is named: a few bytes of a request ask for many of an answer.
  groups: Array.from(new Set(request.groups), (groupId) => services.groups.describeGroup(groupId, apiVersion)),
})

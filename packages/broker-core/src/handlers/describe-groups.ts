// DescribeGroups: for the group coordinator.
import type { Handler } from './handler.ts'

export const describeGroups: Handler<'DescribeGroups'> = (services, request, { apiVersion }) => ({
  groups: request.groups.map((groupId) => services.groups.describeGroup(groupId, apiVersion)),
})

// ListGroups: for the group coordinator.
import type { Handler } from './handler.ts'

export const listGroups: Handler<'ListGroups'> = (services, request) => ({
  errorCode: 'NONE',
  groups: services.groups.listGroups({ states: request.statesFilter, types: request.typesFilter }),
})

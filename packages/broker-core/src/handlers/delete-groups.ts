// DeleteGroups: for the group coordinator.
import type { ResponseInput } from '@goqueue/protocol'
import type { Handler } from './handler.ts'

export const deleteGroups: Handler<'DeleteGroups'> = async (services, request) => {
  const results: ResponseInput<'DeleteGroups'>['results'][number][] = []
  for (const groupId of new Set(request.groupsNames)) {
    results.push({ groupId, errorCode: await services.groups.administration.deleteGroup(groupId) })
  }
  return { results }
}

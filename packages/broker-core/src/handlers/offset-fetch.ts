// OffsetFetch: for the group coordinator.
import type { Handler } from './handler.ts'

/** Each group once: a few bytes that name a group (since v8) ask for all its offsets. */
export const offsetFetch: Handler<'OffsetFetch'> = (services, request, context) => {
  const mentions = new Map<string, number>()
  for (const { groupId } of request.groups) mentions.set(groupId, (mentions.get(groupId) ?? 0) + 1)
  const namedTwice = [...mentions.keys()].filter((groupId) => mentions.get(groupId) !== 1)
  if (namedTwice.length === 0) return services.groups.offsetFetch(request, context)
  const groups = request.groups.filter(({ groupId }) => mentions.get(groupId) === 1)
  const response = services.groups.offsetFetch({ ...request, groups }, context)
  const refused = namedTwice.map((groupId) => ({ groupId, errorCode: 'INVALID_REQUEST' as const, topics: [] }))
  return { ...response, groups: [...(response.groups ?? []), ...refused] }
}

// OffsetCommit: for the group coordinator.
import type { Handler } from './handler.ts'

export const offsetCommit: Handler<'OffsetCommit'> = (services, request, context) =>
  services.groups.offsetCommit(request, context)

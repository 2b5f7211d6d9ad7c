// SyncGroup: for the group coordinator.
import type { Handler } from './handler.ts'

export const syncGroup: Handler<'SyncGroup'> = (services, request, context) =>
  services.groups.syncGroup(request, context)

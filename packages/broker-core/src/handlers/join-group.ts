// JoinGroup: for the group coordinator.
import type { Handler } from './handler.ts'

export const joinGroup: Handler<'JoinGroup'> = (services, request, context) =>
  services.groups.joinGroup(request, context)

// LeaveGroup: for the group coordinator.
import type { Handler } from './handler.ts'

export const leaveGroup: Handler<'LeaveGroup'> = (services, request, context) =>
  services.groups.leaveGroup(request, context)

// Heartbeat: for the group coordinator.
import type { Handler } from './handler.ts'

export const heartbeat: Handler<'Heartbeat'> = (services, request, context) =>
  services.groups.heartbeat(request, context)

// OffsetFetch: for the group coordinator.
import type { Handler } from './handler.ts'

export const offsetFetch: Handler<'OffsetFetch'> = (services, request, context) =>
  services.groups.offsetFetch(request, context)

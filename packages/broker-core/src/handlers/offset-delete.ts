// OffsetDelete: for the group coordinator.
import type { Handler } from './handler.ts'

export const offsetDelete: Handler<'OffsetDelete'> = (services, request) =>
  services.groups.administration.offsetDelete(request)

// InitProducerId: a fresh id for an idempotent producer (KIP-98).
import type { Handler } from './handler.ts'

const REFUSED = { producerId: -1, producerEpoch: -1 }

export const initProducerId: Handler<'InitProducerId'> = async (services, request) => {
  // Not a retriable code: a client told to try again would do so for ever.
  if (request.transactionalId !== null) return { errorCode: 'INVALID_REQUEST', ...REFUSED }
  // A client that names its old id after an error (KIP-360) gets a new one: as safe as a new epoch, and nothing to look up.
  const producerId = await services.producerIds.allocate()
  // Kafka's code where its own ids cannot be had in time: every client tries again.
  if (producerId === null) return { errorCode: 'COORDINATOR_LOAD_IN_PROGRESS', ...REFUSED }
  return { errorCode: 'NONE', producerId, producerEpoch: 0 }
}

// The shape of every handler: one request body in, one response body out.
import type { ApiName, RequestOf, ResponseInput } from '@goqueue/protocol'
import type { RequestContext } from '../request-context.ts'
import type { Services } from './services.ts'

/** null means that the client asked for no answer (Produce with acks=0). */
export type HandlerResult<A extends ApiName> = ResponseInput<A> | null

/**
 * Answers one request. Protocol outcomes are error codes inside the answer; what it throws is a broken broker.
 * Whatever orders it among others (an append, a group input) happens before it returns, not after an await.
 */
export type Handler<A extends ApiName> = (
  services: Services,
  request: RequestOf<A>,
  context: RequestContext,
) => HandlerResult<A> | Promise<HandlerResult<A>>

// What the client tells through node:diagnostics_channel; with no subscriber it costs one comparison.
import { channel } from 'node:diagnostics_channel'

/** On `goqueue:client:connection`. */
export interface ConnectionEvent {
  readonly state: 'opened' | 'failed' | 'closed'
  readonly host: string
  readonly port: number
  /** What the connection is for, e.g. 'call', 'produce', 'fetch', 'join'. */
  readonly purpose: string
  readonly error?: unknown
}

/** On `goqueue:client:membership`. */
export interface MembershipEvent {
  readonly groupId: string
  readonly memberId: string
  readonly consumerId: string | null
  /** 'eager': told once by a member that gives up everything in a rebalance since not all its assignors are cooperative. */
  readonly state: 'joined' | 'rejoining' | 'lost' | 'left' | 'failed' | 'eager'
  readonly generationId: number
  /** What to do about it, for people to read. */
  readonly message?: string
  readonly error?: unknown
}

/** On `goqueue:client:retry`: something failed and is tried again. */
export interface RetryEvent {
  readonly what: string
  readonly attempt: number
  readonly error: unknown
}

const connections = channel('goqueue:client:connection')
const memberships = channel('goqueue:client:membership')
const retries = channel('goqueue:client:retry')

/** Publishes to whoever has subscribed to a channel of this client. */
export const diagnostics = {
  connection(event: ConnectionEvent): void {
    if (connections.hasSubscribers) connections.publish(event)
  },
  membership(event: MembershipEvent): void {
    if (memberships.hasSubscribers) memberships.publish(event)
  },
  retry(event: RetryEvent): void {
    if (retries.hasSubscribers) retries.publish(event)
  },
}

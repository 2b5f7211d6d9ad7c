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

/**
 * What a stalled partition waits for. offset: where to start is not known. fetch: its leader answers nothing. delivery: what
 * was fetched is not delivered. Then the consumer starts over. handler: the handler of `run` does not end. application: nobody
 * asks for the next record. Then it is only told.
 */
export type StallCause = 'offset' | 'fetch' | 'delivery' | 'handler' | 'application'

/** On `goqueue:client:stall`: partitions are assigned, records are there, and none was delivered for `stallTimeoutMs`. Once, until they move. */
export interface StallEvent {
  readonly groupId: string
  readonly memberId: string
  readonly consumerId: string | null
  readonly cause: StallCause
  /** Whether the member fetches anew and rejoins its group on account of it. */
  readonly isRejoining: boolean
  readonly stallTimeoutMs: number
  readonly partitions: readonly {
    readonly topic: string
    readonly partition: number
    /** The record to be delivered next; null where that is not known. */
    readonly position: number | null
    readonly logEndOffset: number
  }[]
}

/** On `goqueue:client:retry`: something failed and is tried again. */
export interface RetryEvent {
  readonly what: string
  readonly attempt: number
  readonly error: unknown
}

const connections = channel('goqueue:client:connection')
const memberships = channel('goqueue:client:membership')
const stalls = channel('goqueue:client:stall')
const retries = channel('goqueue:client:retry')

/** Publishes to whoever has subscribed to a channel of this client. */
export const diagnostics = {
  connection(event: ConnectionEvent): void {
    if (connections.hasSubscribers) connections.publish(event)
  },
  membership(event: MembershipEvent): void {
    if (memberships.hasSubscribers) memberships.publish(event)
  },
  stall(event: StallEvent): void {
    if (stalls.hasSubscribers) stalls.publish(event)
  },
  retry(event: RetryEvent): void {
    if (retries.hasSubscribers) retries.publish(event)
  },
}

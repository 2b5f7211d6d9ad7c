// What a handler knows of a request besides its body.

export interface RequestContext {
  readonly apiVersion: number
  /** Empty where the client gave none. */
  readonly clientId: string
  /** The peer's address, as Kafka shows it: with a leading slash. */
  readonly clientHost: string
  /** What Metadata and FindCoordinator answer on this connection. */
  readonly advertised: { readonly host: string; readonly port: number }
  /** Fires when the connection is gone: nobody waits for the answer any more. */
  readonly closed: AbortSignal
}

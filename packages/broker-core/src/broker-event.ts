// What a broker reports to whoever runs it.

/** One thing an operator would want to know. `kind` is stable; further fields are details of that kind. */
export interface BrokerEvent {
  readonly kind: string
  readonly level: 'info' | 'warn' | 'error'
  /** One sentence without names from clients that are not quoted. */
  readonly message: string
  readonly [detail: string]: unknown
}

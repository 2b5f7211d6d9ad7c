// The one error for an option that cannot be used.

/** An option that cannot be used: `key` is its name, the message says what is allowed. */
export class BrokerOptionsError extends Error {
  override readonly name = 'BrokerOptionsError'
  readonly code = 'INVALID_OPTIONS'
  readonly key: string

  constructor(key: string, message: string) {
    super(`broker option '${key}': ${message}`)
    this.key = key
  }
}

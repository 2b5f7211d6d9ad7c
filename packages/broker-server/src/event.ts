// What the server has to say to its operator: the one shape of every line in the log.

/** An event of the listener or of the server's life. Same shape as a broker's events, so that one log takes both. */
export interface ServerEvent {
  /** What happened, as a word to search for. */
  kind: string
  level: 'debug' | 'info' | 'warn' | 'error'
  /** One sentence for people. */
  message: string
  [detail: string]: unknown
}

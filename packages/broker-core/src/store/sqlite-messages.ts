// What the two threads of the SQLite store say to each other; types only, so that the plain JavaScript side has them too.

/** What the worker is given when it starts. It answers with Opened before anything else. */
export interface OpenOptions {
  readonly lockPath: string
  readonly databasePath: string
  /** Used only when the database is created. */
  readonly clusterId: string
}

/** One of the worker's prepared statements and the values that are bound to it. */
export type Command = readonly [statement: string, ...values: (string | number | null)[]]

/** Requests are answered in their order, each with a reply of the matching kind. */
export type Request =
  | { readonly kind: 'commit'; readonly writes: readonly (readonly Command[])[] }
  | { readonly kind: 'load' }
  | { readonly kind: 'close' }

/** Why something was not done, in SQLite's words; `code` is missing when it was not SQLite that refused. */
export interface Failure {
  readonly code: string | undefined
  readonly message: string
}

export interface Opened {
  readonly kind: 'opened'
  readonly failure: Failure | null
  /** Another process holds the directory. */
  readonly isLocked: boolean
}

/** For each write of the request, in order, why it was not made. */
export interface Committed {
  readonly kind: 'committed'
  readonly failures: readonly (Failure | null)[]
}

export type Loaded =
  | { readonly kind: 'loaded'; readonly failure: Failure }
  | {
      readonly kind: 'loaded'
      readonly failure: null
      readonly clusterId: string
      readonly nextProducerId: number
      readonly topics: readonly [string, string, number, string, number][]
      readonly groups: readonly [string, string][]
      readonly offsets: readonly [string, string, number, number, number, string, number, number | null][]
      /** What the open connection says of itself, asked at this load. */
      readonly durability: { readonly journalMode: unknown; readonly synchronous: unknown }
    }

/** The last word: everything is closed and the lock is free. */
export interface Closed {
  readonly kind: 'closed'
}

export type Reply = Opened | Committed | Loaded | Closed

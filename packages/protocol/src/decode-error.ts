// The one error for bytes that are not what they claim to be.

/** Where in the input the decoder stood. */
export interface DecodeErrorPlace {
  /** Field path, e.g. `topics[2].partitions[0].records`. */
  readonly path?: string
  /** Name of the message, e.g. `FetchResponse`. */
  readonly api?: string
  readonly version?: number
  readonly cause?: unknown
}

/** Thrown for malformed bytes, and for nothing else: whoever catches it may answer an error code or close the connection. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly path: string | undefined
  readonly api: string | undefined
  readonly version: number | undefined

  constructor(message: string, place: DecodeErrorPlace = {}) {
    super(message, place.cause === undefined ? undefined : { cause: place.cause })
    this.path = place.path
    this.api = place.api
    this.version = place.version
  }
}

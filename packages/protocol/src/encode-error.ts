// A value that its message, in that version, cannot carry: a mistake of the caller, never of the wire.

/** Thrown by encode; the message names the field path and what is allowed. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError'
}

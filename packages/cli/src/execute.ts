// --execute: what destroys or overwrites says what it would do, and does it only when told to.

/** The flag of every command that destroys or overwrites. */
export const executeOption = {
  type: 'boolean',
  describe: 'do it; without this nothing is changed',
  default: false,
} as const

/** The last line of a plan. */
export const NOTHING_CHANGED = 'Nothing was changed; add --execute to do it.\n'

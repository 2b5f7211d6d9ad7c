// Where the repository lies.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The absolute path of the repository's root, without a slash at the end. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

// Other people's programs that a test needs: one that is missing fails the test, by its name.
import { spawnSync } from 'node:child_process'

/** Throws when `command` cannot be run; `debianPackage` is what brings it. */
export function requireBinary(command: string, args: readonly string[], debianPackage: string): void {
  const { error, status } = spawnSync(command, args, { stdio: 'ignore' })
  if (error === undefined && status === 0) return
  const what = [command, ...args].join(' ')
  throw new Error(`'${what}' does not run: npm run test:interop installs what is missing (Debian: ${debianPackage})`)
}

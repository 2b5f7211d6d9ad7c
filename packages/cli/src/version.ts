// The version of this package, read when somebody asks: from the sources and from dist it is the same step up.
import { createRequire } from 'node:module'

export function packageVersion(): string {
  const manifest = createRequire(import.meta.url)('../package.json') as { version: string }
  return manifest.version
}

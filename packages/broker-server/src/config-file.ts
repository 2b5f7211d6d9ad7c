// Reads the configuration file: one flat JSON object, whose keys are in Kafka's spelling.
import { readFileSync } from 'node:fs'
import { UsageError } from './usage-error.ts'

/** The keys and values of the file, unchecked. Throws UsageError when it cannot be read or is no JSON object. */
export function readConfigFile(path: string): Map<string, unknown> {
  const content = parse(path, read(path))
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new UsageError(
      `${path}: a configuration file is one JSON object, such as { "data.dir": "/var/lib/goqueue" }.`,
    )
  }
  return new Map(Object.entries(content))
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new UsageError(`${path}: there is no such configuration file.`)
    throw new UsageError(`${path}: the configuration file cannot be read: ${message}.`)
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${path}: the configuration file is not JSON: ${(error as SyntaxError).message}.`)
  }
}

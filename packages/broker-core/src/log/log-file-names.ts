// Kafka's names of the files in a log's directory: twenty digits of an offset and what the file is.

export type LogFileSuffix = '.log' | '.index' | '.timeindex' | '.snapshot'

/** `00000000000000000042.log` for 42 and `.log`. */
export function logFileName(offset: number, suffix: LogFileSuffix): string {
  return `${String(offset).padStart(20, '0')}${suffix}`
}

/** The offsets, in order, of the files with this suffix among `names`. */
export function offsetsOfFiles(names: readonly string[], suffix: LogFileSuffix): number[] {
  return names
    .filter((name) => name.length === 20 + suffix.length && name.endsWith(suffix) && /^\d{20}\./.test(name))
    .map((name) => Number(name.slice(0, 20)))
    .filter((offset) => Number.isSafeInteger(offset))
    .sort((a, b) => a - b)
}

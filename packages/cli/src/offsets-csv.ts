// Offsets as CSV, a line each: topic,partition,offset, as Kafka's own tool writes and reads them.
import { CommandError } from './failure.ts'

export interface ListedOffset {
  topic: string
  partition: number
  offset: number
}

export function offsetsToCsv(offsets: readonly ListedOffset[]): string {
  return offsets.map(({ topic, partition, offset }) => `${topic},${partition},${offset}\n`).join('')
}

/** Throws CommandError with the number of the first line that is none, or names a partition again. */
export function offsetsFromCsv(text: string, file: string): ListedOffset[] {
  const offsets = new Map<string, ListedOffset>()
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue
    const place = `Line ${index + 1} of ${file}`
    const match = /^\s*"?([^,":]+?)"?\s*,\s*(\d{1,10})\s*,\s*(\d{1,16})\s*$/.exec(line)
    if (match === null) throw new CommandError(`${place} is not TOPIC,PARTITION,OFFSET.`)
    const listed = { topic: match[1]!, partition: Number(match[2]), offset: Number(match[3]) }
    const key = `${listed.topic}\0${listed.partition}`
    if (offsets.has(key))
      throw new CommandError(`${place} names partition ${listed.partition} of ${listed.topic} again.`)
    if (!Number.isSafeInteger(listed.offset)) throw new CommandError(`${place} has an offset that is too large.`)
    offsets.set(key, listed)
  }
  if (offsets.size === 0) throw new CommandError(`There is no offset in ${file}.`)
  return [...offsets.values()]
}

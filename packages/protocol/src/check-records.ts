// Checks the records section of a batch from end to end, before anyone believes a length in it.
import { DecodeError } from './decode-error.ts'
import { VarintReader } from './varint.ts'

/**
 * Throws DecodeError unless `buffer[start, end)` holds exactly `recordCount` well-formed records whose offset deltas
 * rise within `lastOffsetDelta`. Allocates nothing per record. After it, the section can be read without a doubt.
 */
export function checkRecords(
  buffer: Buffer,
  start: number,
  end: number,
  recordCount: number,
  lastOffsetDelta: number,
): void {
  const reader = new VarintReader(buffer, start, end)
  let previousDelta = -1
  for (let index = 0; index < recordCount; index++) {
    const bodyBytes = reader.readVarint()
    const recordEnd = reader.position + bodyBytes
    if (bodyBytes < 0 || recordEnd > end) refuse(index, `claims ${bodyBytes} bytes of ${end - reader.position}`)
    skip(reader, 1, index, 'attributes')
    reader.readVarlong()
    const offsetDelta = reader.readVarint()
    if (offsetDelta <= previousDelta || offsetDelta > lastOffsetDelta) refuse(index, `has offset delta ${offsetDelta}`)
    previousDelta = offsetDelta
    skipNullable(reader, index, 'key')
    skipNullable(reader, index, 'value')
    skipHeaders(reader, index)
    // Every step went forward, so nothing inside can have reached past the record's own end.
    if (reader.position !== recordEnd) refuse(index, `leaves ${recordEnd - reader.position} bytes over`)
  }
  if (reader.position !== end) {
    throw new DecodeError(`a record batch has ${end - reader.position} bytes after its last record`)
  }
}

function skipHeaders(reader: VarintReader, index: number): void {
  const count = reader.readVarint()
  // Each header takes at least two bytes, so a count that lies ends at the end of the batch.
  if (count < 0) refuse(index, `claims ${count} headers`)
  for (let header = 0; header < count; header++) {
    const nameBytes = reader.readVarint()
    if (nameBytes < 0) refuse(index, 'has a header without a name')
    skip(reader, nameBytes, index, 'header name')
    skipNullable(reader, index, 'header value')
  }
}

function skipNullable(reader: VarintReader, index: number, what: string): void {
  const bytes = reader.readVarint()
  if (bytes < -1) refuse(index, `claims a ${what} of ${bytes} bytes`)
  if (bytes > 0) skip(reader, bytes, index, what)
}

function skip(reader: VarintReader, bytes: number, index: number, what: string): void {
  if (bytes > reader.end - reader.position) refuse(index, `has a ${what} that runs past its end`)
  reader.position += bytes
}

function refuse(index: number, claim: string): never {
  throw new DecodeError(`record ${index} of a batch ${claim}`)
}

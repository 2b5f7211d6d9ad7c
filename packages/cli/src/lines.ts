// Cuts a stream of bytes into lines, without a guess about their encoding.

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * The lines of each chunk that have become whole with it. A line ends with LF or CR LF, which are not part of it; the
 * last line counts with or without one.
 */
export async function* linesByChunk(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer[]> {
  let unfinished: Buffer[] = []
  for await (const given of chunks) {
    const chunk = typeof given === 'string' ? Buffer.from(given) : given
    const lines: Buffer[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(withoutCarriageReturn(joined(unfinished, chunk.subarray(start, end))))
      unfinished = []
      start = end + 1
    }
    if (start < chunk.length) unfinished.push(chunk.subarray(start))
    if (lines.length > 0) yield lines
  }
  if (unfinished.length > 0) yield [joined(unfinished, Buffer.alloc(0))]
}

function joined(unfinished: readonly Buffer[], rest: Buffer): Buffer {
  return unfinished.length === 0 ? rest : Buffer.concat([...unfinished, rest])
}

function withoutCarriageReturn(line: Buffer): Buffer {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}

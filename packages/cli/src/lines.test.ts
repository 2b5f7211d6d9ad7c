// Lines are the same however the bytes arrive.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linesByChunk } from './lines.ts'

async function* chunks(...given: readonly (Buffer | string)[]): AsyncGenerator<Buffer | string> {
  for (const chunk of given) yield await Promise.resolve(chunk)
}

async function lines(...given: readonly (Buffer | string)[]): Promise<string[]> {
  const all: string[] = []
  for await (const some of linesByChunk(chunks(...given))) all.push(...some.map((line) => line.toString('latin1')))
  return all
}

describe('lines', () => {
  it.each([
    ['', []],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\r\nb\r\n', ['a', 'b']],
    ['\n\n', ['', '']],
    ['a\rb\n', ['a\rb']],
  ])('%j', async (text, expected) => {
    expect(await lines(text)).toEqual(expected)
  })

  it('where the chunks are cut makes no difference', async () => {
    const bytes = fc.array(fc.constantFrom(0x0a, 0x0d, 0x61, 0xff)).map((codes) => Buffer.from(codes))
    await fc.assert(
      fc.asyncProperty(bytes, fc.nat(), fc.nat(), async (all, one, other) => {
        const [first = 0, second = 0] = [one % (all.length + 1), other % (all.length + 1)].sort((a, b) => a - b)
        const cut = await lines(all.subarray(0, first), all.subarray(first, second), all.subarray(second))
        expect(cut).toEqual(await lines(all))
      }),
    )
  })
})

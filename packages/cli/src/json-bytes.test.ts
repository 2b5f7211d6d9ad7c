// Bytes survive JSON: text as text, anything else as base64.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { jsonBytes, type JsonBytes } from './json-bytes.ts'

it('text is text, null is null, other bytes are base64', () => {
  expect(jsonBytes(Buffer.from('{"a":"ü"}'))).toBe('{"a":"ü"}')
  expect(jsonBytes(Buffer.alloc(0))).toBe('')
  expect(jsonBytes(null)).toBeNull()
  expect(jsonBytes(Buffer.from([0xff, 0x00]))).toEqual({ base64: '/wA=' })
})

it('no byte is lost, a byte order mark included', () => {
  const back = (json: JsonBytes) =>
    json === null ? null : typeof json === 'string' ? Buffer.from(json) : Buffer.from(json.base64, 'base64')
  const lossless = (bytes: Uint8Array) => {
    expect(back(JSON.parse(JSON.stringify(jsonBytes(bytes))) as JsonBytes)).toEqual(Buffer.from(bytes))
  }
  lossless(Buffer.from('\ufeffx'))
  fc.assert(fc.property(fc.uint8Array(), lossless))
})

// zstd, by Facebook's library compiled to WebAssembly and instantiated synchronously on first use.
import { createRequire } from 'node:module'
import { DecodeError } from '../decode-error.ts'
import type { Codec } from './codec.ts'
import { zstdBound } from './zstd-bound.ts'

const require = createRequire(import.meta.url)

/** zstd's own default. */
const COMPRESSION_LEVEL = 3
/** A WebAssembly memory never shrinks, so an instance that one huge batch has blown up is not kept. */
const MOST_KEPT_BYTES = 32 * 1024 * 1024
/** What the library's two calls answer when they fail. */
const FAILED = -1

interface ZstdInstance {
  HEAPU8: Uint8Array
  _malloc(bytes: number): number
  _free(pointer: number): void
  _compressBound(bytes: number): number
  _compress(output: number, outputBytes: number, input: number, inputBytes: number, level: number): number
  _decompress(output: number, outputBytes: number, input: number, inputBytes: number): number
}

// The part of JavaScript's WebAssembly that is used here; neither our lib setting nor Node's types declare it.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => WasmModule
  Instance: new (module: WasmModule, imports: object) => { exports: object }
}
interface WasmModule {
  readonly [Symbol.toStringTag]: string
}

/** Emscripten's documented way to instantiate without waiting. */
interface InstantiateHook {
  instantiateWasm(imports: object, receive: (instance: { exports: object }) => void): object
}

let wasm: WasmModule | undefined
let kept: ZstdInstance | undefined

/** zstd frames with content size and without checksum on writing; any frames without a dictionary on reading. */
export const zstd: Codec = {
  compress(bytes) {
    return withInstance((instance) => {
      const bound = instance._compressBound(bytes.length)
      const compressed = call(instance, bytes, bound, (output, input) =>
        instance._compress(output, bound, input, bytes.length, COMPRESSION_LEVEL),
      )
      if (compressed === null) throw new Error('zstd could not compress')
      return compressed
    })
  },

  decompress(bytes, maxBytes) {
    // A byte more than allowed is room to tell "just fits" from "too long".
    const room = Math.min(zstdBound(bytes), maxBytes + 1)
    const unfolded = withInstance((instance) =>
      call(instance, bytes, room, (output, input) => instance._decompress(output, room, input, bytes.length)),
    )
    if (unfolded === null || unfolded.length > maxBytes) {
      throw new DecodeError('zstd data is damaged, or unfolds to more than is allowed')
    }
    return unfolded
  },
}

function withInstance<T>(use: (instance: ZstdInstance) => T): T {
  const instance = kept ?? instantiate()
  // Dropped first and kept again at the end: an instance that threw is in no known state.
  kept = undefined
  const result = use(instance)
  if (instance.HEAPU8.length <= MOST_KEPT_BYTES) kept = instance
  return result
}

function instantiate(): ZstdInstance {
  const factory = require('@foxglove/wasm-zstd/dist/wasm-zstd.js') as (module: InstantiateHook) => unknown
  wasm ??= new WebAssembly.Module(readWasm())
  const compiled = wasm
  const module: InstantiateHook & Partial<ZstdInstance> = {
    instantiateWasm(imports, receive) {
      const instance = new WebAssembly.Instance(compiled, imports)
      receive(instance)
      return instance.exports
    },
  }
  factory(module)
  return module as unknown as ZstdInstance
}

function readWasm(): Uint8Array {
  const { readFileSync } = require('node:fs') as typeof import('node:fs')
  return readFileSync(require.resolve('@foxglove/wasm-zstd/dist/wasm-zstd.wasm'))
}

function call(
  instance: ZstdInstance,
  bytes: Buffer,
  outputBytes: number,
  run: (output: number, input: number) => number,
): Buffer | null {
  const input = instance._malloc(bytes.length)
  const output = instance._malloc(outputBytes)
  if (input === 0 || output === 0) throw new Error('zstd is out of memory')
  instance.HEAPU8.set(bytes, input)
  const written = run(output, input)
  const result = written === FAILED ? null : Buffer.from(instance.HEAPU8.subarray(output, output + written))
  instance._free(input)
  instance._free(output)
  return result
}

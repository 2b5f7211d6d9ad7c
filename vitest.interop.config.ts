import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'

// Other people's clients against goqueue-broker over TCP; scripts/interop.mjs sees to it that they are there.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['conformance/interop/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    // Brokers and clusters of other people are large, and each file has its own.
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})

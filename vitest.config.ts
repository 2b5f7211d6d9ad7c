import { defineConfig } from 'vitest/config'

// Tests run on the sources of every package: no build stands between a change and its test.
const conditions = ['@goqueue/source', 'node', 'import', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'conformance/**/*.test.ts',
      'examples/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', 'conformance/interop/**'],
    retry: 0,
    // By itself vitest leaves one core alone, which of two is half; and many of these tests wait for processes.
    maxWorkers: '100%',
    // A limit for what hangs, never a measure of speed: the machine may be busy with something else.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
  },
})

// The map of the house: which package, which room inside broker-core and which file may import what.

/** Packages, and the packages that each may import. `client` and `broker-*` meet only in tests and examples. */
export const packageArrows = {
  protocol: [],
  'broker-core': ['protocol'],
  'broker-server': ['protocol', 'broker-core'],
  client: ['protocol'],
  cli: ['protocol', 'client'],
}

/** The doors of packages other than their index. */
export const extraDoors = ['@goqueue/broker-core/testing']

/**
 * Rooms of broker-core, each a folder of src or a file in it, and the rooms that each may import. Every other file of src
 * belongs to the shell, which holds the rooms together: it imports all of them, and none of them imports it.
 */
export const brokerCoreArrows = {
  shell: 'all',
  'wire-v1': ['handlers', 'topics', 'log', 'coordinator', 'store'],
  handlers: ['topics', 'log', 'coordinator', 'store', 'broker-defaults.ts'],
  'broker-defaults.ts': ['coordinator', 'log'],
  coordinator: ['classic-group', 'wire-v1-group', 'store'],
  topics: ['log', 'store', 'storage', 'broker-defaults.ts'],
  log: ['storage'],
  store: ['storage'],
  storage: [],
  'classic-group': [],
  'wire-v1-group': [],
}

/** What every room of broker-core stands on: files of src that each may import, and that import no room. */
export const brokerCoreFoundations = [
  'assert.ts',
  'broker-event.ts',
  'dialect.ts',
  'histogram.ts',
  'request-context.ts',
  'request-counts.ts',
  'runtime.ts',
  'unsent-bytes.ts',
]

/** Rooms that know the wire's types but none of its code. */
export const typesOnlyRooms = ['packages/broker-core/src/classic-group/']

/**
 * Modules that have a room of their own. `within` limits the rule to a part of the tree; a path that ends in '/' is a
 * folder. Tests may import them anywhere.
 */
export const moduleRooms = [
  { modules: ['better-sqlite3'], files: ['packages/broker-core/src/store/sqlite-worker.js'] },
  {
    modules: ['node:net', 'node:tls'],
    files: ['packages/broker-server/src/listener.ts', 'packages/client/src/connection.ts'],
  },
  {
    modules: ['node:fs', 'node:fs/promises'],
    files: [
      'packages/broker-core/src/storage/',
      'packages/broker-server/src/config-file.ts',
      'packages/cli/src/',
      'packages/protocol/src/compression/zstd.ts',
    ],
  },
  { modules: ['yargs', 'yargs/helpers'], files: ['packages/cli/src/'] },
  { modules: ['cli-table3'], files: ['packages/cli/src/'] },
  { modules: ['pino'], files: ['packages/broker-server/src/'] },
  { modules: ['prom-client'], files: ['packages/broker-server/src/prometheus.ts'] },
  { modules: ['node:http', 'node:https'], files: ['packages/broker-server/src/metrics-endpoint.ts'] },
  {
    modules: ['zod', 'zod/mini'],
    files: [
      'packages/broker-core/src/options-schema.ts',
      'packages/broker-server/src/',
      'packages/client/src/options.ts',
      'packages/client/src/run-options.ts',
      'packages/cli/src/',
    ],
  },
  { modules: ['node:zlib', '@foxglove/wasm-zstd'], files: ['packages/protocol/src/compression/'] },
  {
    modules: ['node:timers', 'node:timers/promises', 'node:perf_hooks', 'node:crypto'],
    within: 'packages/broker-core/src/',
    files: ['packages/broker-core/src/runtime.ts'],
  },
]

/** Pure rooms: no clock, no entropy, no I/O, nothing that waits. In ESLint's glob syntax. */
export const pureFiles = [
  'packages/protocol/src/**/*.ts',
  'packages/broker-core/src/classic-group/**/*.ts',
  'packages/broker-core/src/wire-v1-group/**/*.ts',
  'packages/broker-core/src/log/producer-state.ts',
  'packages/broker-core/src/log/retention.ts',
  'packages/client/src/membership.ts',
  'packages/client/src/batch-accumulator.ts',
  'packages/client/src/offset-tracker.ts',
  'packages/client/src/subscription.ts',
]

/** What lies inside a pure room without being pure: tests, and the codecs that lean on node:zlib. */
export const impureFiles = ['**/*.test.ts', 'packages/protocol/src/compression/**']

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
 * Rooms of broker-core (a folder of src, or a file in it), and the rooms that each may import. A file of src that is
 * not named here is a plain foundation (runtime.ts, options.ts): every room may import it, and it imports no room.
 */
export const brokerCoreArrows = {
  'index.ts': 'all',
  'testing.ts': 'all',
  testing: 'all',
  'broker.ts': 'all',
  'dispatch.ts': 'all',
  'connection.ts': ['dispatch.ts'],
  handlers: ['topics', 'log', 'coordinator', 'store'],
  coordinator: ['classic-group', 'wire-v1-group', 'store'],
  topics: ['log', 'store'],
  log: ['storage'],
  store: ['storage'],
  storage: [],
  'classic-group': [],
  'wire-v1-group': [],
}

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
    files: ['packages/broker-core/src/storage/', 'packages/broker-server/src/config-file.ts', 'packages/cli/src/'],
  },
  { modules: ['yargs', 'yargs/helpers'], files: ['packages/cli/src/'] },
  { modules: ['cli-table3'], files: ['packages/cli/src/'] },
  { modules: ['pino'], files: ['packages/broker-server/src/'] },
  {
    modules: ['zod', 'zod/mini'],
    files: [
      'packages/broker-core/src/options.ts',
      'packages/broker-server/src/',
      'packages/client/src/options.ts',
      'packages/cli/src/',
    ],
  },
  { modules: ['node:zlib', 'snappyjs', 'lz4js', 'zstd-codec'], files: ['packages/protocol/src/compression/'] },
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
  'packages/*/src/**/fetch-waiter.ts',
  'packages/client/src/membership.ts',

  'packages/client/src/batch-accumulator.ts',
]

/** What lies inside a pure room without being pure: tests, and the codecs that lean on node:zlib. */
export const impureFiles = ['**/*.test.ts', 'packages/protocol/src/compression/**']

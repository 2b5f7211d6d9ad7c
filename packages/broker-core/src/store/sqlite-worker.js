// The SQLite thread: holds the data directory's lock and its metadata.db, and runs what the main thread asks for.
// Plain JavaScript, because Node 20 cannot start a worker from TypeScript; the only importer of better-sqlite3.
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'

/**
 * @typedef {import('./sqlite-messages.ts').Request} Request
 * @typedef {import('./sqlite-messages.ts').Loaded} Loaded
 * @typedef {import('./sqlite-messages.ts').Command} Command
 * @typedef {import('./sqlite-messages.ts').Failure} Failure
 * @typedef {import('better-sqlite3').Database} Connection
 * @typedef {import('better-sqlite3').Statement<unknown[]>} Statement
 * @typedef {{ connection: Connection, statements: Map<string, Statement>, transaction: Record<keyof typeof TRANSACTION, Statement> }} Opened
 */

const SCHEMA_VERSION = 1
const SYNCHRONOUS_FULL = 2
/**
 * The write-ahead log is copied into the database after this many pages and written again from its start: in place a commit
 * costs half of what it does while the log still grows. One that has grown longer is cut back to the size limit.
 */
const CHECKPOINT_PAGES = 1_000
const JOURNAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024

const SCHEMA = `
  CREATE TABLE cluster (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), cluster_id TEXT NOT NULL, next_producer_id INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE topics (
    name TEXT PRIMARY KEY, topic_id TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL, configs TEXT NOT NULL,
    created_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE consumer_groups (group_id TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE offsets (
    group_id TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL,
    leader_epoch INTEGER NOT NULL, metadata TEXT NOT NULL, committed_ms INTEGER NOT NULL, expire_ms INTEGER,
    PRIMARY KEY (group_id, topic, partition)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX offsets_by_topic ON offsets (topic);
`

const STATEMENTS = {
  putTopic: `
    INSERT INTO topics (name, topic_id, partitions, configs, created_ms) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET topic_id = excluded.topic_id, partitions = excluded.partitions,
      configs = excluded.configs, created_ms = excluded.created_ms`,
  deleteTopic: 'DELETE FROM topics WHERE name = ?',
  deleteOffsetsOfTopic: 'DELETE FROM offsets WHERE topic = ?',
  putGroup: `
    INSERT INTO consumer_groups (group_id, state) VALUES (?, ?)
    ON CONFLICT (group_id) DO UPDATE SET state = excluded.state`,
  deleteGroup: 'DELETE FROM consumer_groups WHERE group_id = ?',
  deleteOffsetsOfGroup: 'DELETE FROM offsets WHERE group_id = ?',
  putOffset: `
    INSERT INTO offsets (group_id, topic, partition, next_offset, leader_epoch, metadata, committed_ms, expire_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (group_id, topic, partition) DO UPDATE SET next_offset = excluded.next_offset,
      leader_epoch = excluded.leader_epoch, metadata = excluded.metadata, committed_ms = excluded.committed_ms,
      expire_ms = excluded.expire_ms`,
  deleteOffset: 'DELETE FROM offsets WHERE group_id = ? AND topic = ? AND partition = ?',
  putNextProducerId: 'UPDATE cluster SET next_producer_id = ?',
}

const TRANSACTION = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  undo: 'ROLLBACK',
  beginWrite: 'SAVEPOINT one_write',
  undoWrite: 'ROLLBACK TO one_write',
  endWrite: 'RELEASE one_write',
}

if (parentPort === null) throw new Error('sqlite-worker.js runs only as a worker thread')
const port = parentPort
/** @type {import('./sqlite-messages.ts').OpenOptions} */
const { lockPath, databasePath, clusterId } = workerData

/**
 * Held by an open transaction until the thread ends, and never written to: nobody else can take it meanwhile, and the
 * kernel frees it when the process is killed.
 * @type {Connection | null}
 */
let lock = null
/**
 * Null after the disk failed: the next request opens the database afresh.
 * @type {Opened | null}
 */
let opened = null

start()

function start() {
  try {
    lock = new Database(lockPath, { timeout: 0 })
    lock.pragma('locking_mode = EXCLUSIVE')
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    const failure = failureOf(error)
    return end({ kind: 'opened', failure, isLocked: failure.code === 'SQLITE_BUSY' })
  }
  try {
    opened = open()
  } catch (error) {
    return end({ kind: 'opened', failure: failureOf(error), isLocked: false })
  }
  port.on('message', answer)
  port.postMessage({ kind: 'opened', failure: null, isLocked: false })
}

/**
 * Lets go of everything, then says so and ends the thread.
 * @param {import('./sqlite-messages.ts').Reply} lastReply
 */
function end(lastReply) {
  disconnect()
  lock?.close()
  port.postMessage(lastReply)
  port.close()
}

/** @param {Request} request */
function answer(request) {
  switch (request.kind) {
    case 'commit':
      return port.postMessage({ kind: 'committed', failures: commit(request.writes) })
    case 'load':
      return port.postMessage(load())
    case 'close':
      return end({ kind: 'closed' })
  }
}

/**
 * Opens metadata.db, or makes it, and proves that a commit will be on the disk before it returns.
 * @returns {Opened}
 */
function open() {
  const connection = new Database(databasePath)
  try {
    connection.pragma('journal_mode = WAL')
    // better-sqlite3 is built to open an existing WAL database with NORMAL, which loses commits in a power cut.
    connection.pragma('synchronous = FULL')
    const { journalMode, synchronous } = durabilityOf(connection)
    if (journalMode !== 'wal' || synchronous !== SYNCHRONOUS_FULL) {
      throw new Error(`journal_mode must be wal and synchronous 2 (FULL), not ${journalMode} and ${synchronous}`)
    }
    connection.pragma(`journal_size_limit = ${JOURNAL_SIZE_LIMIT_BYTES}`)
    connection.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    migrate(connection)
    makeVisibleDurable(connection)
    return {
      connection,
      statements: new Map(Object.entries(STATEMENTS).map(([name, sql]) => [name, connection.prepare(sql)])),
      transaction: {
        begin: connection.prepare(TRANSACTION.begin),
        commit: connection.prepare(TRANSACTION.commit),
        undo: connection.prepare(TRANSACTION.undo),
        beginWrite: connection.prepare(TRANSACTION.beginWrite),
        undoWrite: connection.prepare(TRANSACTION.undoWrite),
        endWrite: connection.prepare(TRANSACTION.endWrite),
      },
    }
  } catch (error) {
    connection.close()
    throw error
  }
}

/** @param {Connection} connection */
function durabilityOf(connection) {
  return {
    journalMode: connection.pragma('journal_mode', { simple: true }),
    synchronous: connection.pragma('synchronous', { simple: true }),
  }
}

/** @param {Connection} connection */
function migrate(connection) {
  const version = Number(connection.pragma('user_version', { simple: true }))
  if (version === SCHEMA_VERSION) return
  if (version > SCHEMA_VERSION) {
    throw new Error(
      `its schema version is ${version}, and this GoQueue knows up to ${SCHEMA_VERSION}: use a newer GoQueue`,
    )
  }
  connection.transaction(() => {
    connection.exec(SCHEMA)
    connection.prepare('INSERT INTO cluster (only_row, cluster_id, next_producer_id) VALUES (1, ?, 0)').run(clusterId)
    connection.pragma(`user_version = ${SCHEMA_VERSION}`)
  })()
}

/**
 * After a kill or a failed fsync the write-ahead log may hold commits that never reached the disk. They are about to be
 * served, so they must get there: a checkpoint syncs the log before it copies it. A full disk fails only the copy.
 * @param {Connection} connection
 */
function makeVisibleDurable(connection) {
  try {
    connection.pragma('wal_checkpoint(TRUNCATE)')
  } catch (error) {
    if (failureOf(error).code !== 'SQLITE_FULL') throw error
  }
}

/**
 * Makes the writes in one transaction: one that is refused leaves the others alone.
 * @param {readonly (readonly Command[])[]} writes
 * @returns {(Failure | null)[]} for each write, why it was not made
 */
function commit(writes) {
  try {
    const { statements, transaction } = (opened ??= open())
    transaction.begin.run()
    let failures = makeTogether(statements, writes)
    if (failures === null) {
      transaction.undo.run()
      transaction.begin.run()
      failures = writes.map((commands) => makeApart(statements, transaction, commands))
    }
    transaction.commit.run()
    return failures
  } catch (error) {
    // Whatever breaks a transaction (disk full, I/O error): nothing of it counts, and the connection is trusted no more.
    disconnect()
    const failure = failureOf(error)
    return writes.map(() => failure)
  }
}

/**
 * The usual case: no write is refused, so none needs a savepoint, which would cost as much as half a write.
 * @param {Opened['statements']} statements
 * @param {readonly (readonly Command[])[]} writes
 * @returns {(Failure | null)[] | null} null when one was refused: the transaction is to be undone
 */
function makeTogether(statements, writes) {
  try {
    for (const commands of writes) run(statements, commands)
    return writes.map(() => null)
  } catch (error) {
    if (!isRefusalOfOneWrite(failureOf(error))) throw error
    return null
  }
}

/**
 * Makes one write in a savepoint of its own.
 * @param {Opened['statements']} statements
 * @param {Opened['transaction']} transaction
 * @param {readonly Command[]} commands
 * @returns {Failure | null}
 */
function makeApart(statements, transaction, commands) {
  transaction.beginWrite.run()
  try {
    run(statements, commands)
    transaction.endWrite.run()
    return null
  } catch (error) {
    const failure = failureOf(error)
    if (!isRefusalOfOneWrite(failure)) throw error
    transaction.undoWrite.run()
    transaction.endWrite.run()
    return failure
  }
}

/**
 * @param {Opened['statements']} statements
 * @param {readonly Command[]} commands
 */
function run(statements, commands) {
  for (const [name, ...values] of commands) {
    const statement = /** @type {Statement} */ (statements.get(name))
    statement.run(...values)
  }
}

/**
 * A constraint, or a value that cannot be bound (an error without SQLite's code); anything else is the disk.
 * @param {Failure} failure
 */
function isRefusalOfOneWrite({ code }) {
  return code === undefined || code.startsWith('SQLITE_CONSTRAINT')
}

/** Closing rolls back what is open. */
function disconnect() {
  const connection = opened?.connection
  opened = null
  connection?.close()
}

/** @returns {Loaded} */
function load() {
  try {
    const { connection } = (opened ??= open())
    /** @type {(sql: string) => any[]} */
    const rows = (sql) => connection.prepare(sql).raw().all()
    return connection.transaction(() => {
      const [clusterId, nextProducerId] = rows('SELECT cluster_id, next_producer_id FROM cluster')[0]
      return {
        kind: /** @type {const} */ ('loaded'),
        failure: null,
        clusterId,
        nextProducerId,
        topics: rows('SELECT name, topic_id, partitions, configs, created_ms FROM topics'),
        groups: rows('SELECT group_id, state FROM consumer_groups'),
        offsets: rows(
          `SELECT group_id, topic, partition, next_offset, leader_epoch, metadata, committed_ms, expire_ms FROM offsets`,
        ),
        durability: durabilityOf(connection),
      }
    })()
  } catch (error) {
    disconnect()
    return { kind: 'loaded', failure: failureOf(error) }
  }
}

/**
 * @param {unknown} error
 * @returns {Failure}
 */
function failureOf(error) {
  const { code, message } = /** @type {{ code?: string, message: string }} */ (error)
  return { code, message }
}

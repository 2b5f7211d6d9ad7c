// Captures the golden vectors of packages/protocol from Apache Kafka's Java codec; see README.md.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apis, ConsumerProtocolAssignment, ConsumerProtocolSubscription, type Schema } from '@goqueue/protocol'
import { compileAgainst } from './java.ts'

/** The newest Kafka whose record classes are still public, and one that knows the versions which 4.0 dropped (KIP-896). */
const NEWER = '4.1.2'
const OLDER = '3.9.2'

interface MessageVector {
  message: string
  version: number
  sample: string
  kafkaClients: string
}

const golden = join(import.meta.dirname, '../../packages/protocol/test/golden')
const newer = compileAgainst(NEWER)
const older = compileAgainst(OLDER)

/** One vector a line: small in git, and a change of one version is a change of its lines alone. */
function write(path: string, source: string, rows: readonly unknown[]): void {
  const file = join(golden, path)
  mkdirSync(join(file, '..'), { recursive: true })
  const lines = rows.map((row) => JSON.stringify(row)).join(',\n')
  writeFileSync(file, `{ "capturedBy": ${JSON.stringify(source)}, "vectors": [\n${lines}\n]}\n`)
}

function captureMessages(schemas: readonly Schema[]): MessageVector[] {
  const targets = schemas.map((schema) => `${schema.name} ${schema.versions.min} ${schema.versions.max}\n`).join('')
  const vectors = newer.run('CaptureMessages', targets) as MessageVector[]
  const known = new Set(vectors.map((vector) => `${vector.message} ${vector.version}`))
  const dropped = older.run('CaptureMessages', targets) as MessageVector[]
  vectors.push(...dropped.filter((vector) => !known.has(`${vector.message} ${vector.version}`)))
  const order = schemas.map((schema) => schema.name)
  const place = (vector: MessageVector): number => order.indexOf(vector.message) * 1000 + vector.version
  return vectors.sort((a, b) => place(a) - place(b))
}

const source = `kafka-clients (Java), its version in each vector; conformance/golden-java, CaptureMessages`
const stems = new Map<string, Schema[]>([
  ['consumer-protocol', [ConsumerProtocolSubscription, ConsumerProtocolAssignment]],
])
for (const [name, api] of Object.entries(apis)) {
  stems.set(name.replace(/(?<!^)[A-Z]/g, '-$&').toLowerCase(), [api.request, api.response])
}
const captured = captureMessages([...stems.values()].flat())
for (const [stem, schemas] of stems) {
  const names = schemas.map((schema) => schema.name)
  write(
    `messages/${stem}.json`,
    source,
    captured.filter((vector) => names.includes(vector.message)),
  )
}
write(
  'java-record-batches.json',
  `kafka-clients ${NEWER} (Java), MemoryRecordsBuilder; conformance/golden-java, CaptureRecordBatches`,
  newer.run('CaptureRecordBatches'),
)
write(
  'errors.json',
  `kafka-clients ${NEWER} (Java), Errors; conformance/golden-java, CaptureErrors`,
  newer.run('CaptureErrors'),
)

// Compares every declaration with the Kafka checkout that KAFKA_DIR names: npm run check:kafka-schema.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { apis, ConsumerProtocolAssignment, ConsumerProtocolSubscription, type Schema } from '@goqueue/protocol'
import { findDrift } from './drift.ts'
import { parseKafkaMessage } from './kafka-message.ts'

const kafkaDirectory = process.env['KAFKA_DIR']
if (kafkaDirectory === undefined) {
  process.stderr.write('KAFKA_DIR must name a checkout of https://github.com/apache/kafka\n')
  process.exit(2)
}
const schemas: Schema[] = [
  ...Object.values(apis).flatMap((api): Schema[] => [api.request, api.response]),
  ConsumerProtocolSubscription,
  ConsumerProtocolAssignment,
]
let differences = 0
for (const schema of schemas) {
  const file = join(kafkaDirectory, 'clients/src/main/resources/common/message', `${schema.name}.json`)
  const drift = findDrift(schema, parseKafkaMessage(readFileSync(file, 'utf8')))
  for (const note of drift.notes) process.stdout.write(`note: ${note}\n`)
  for (const difference of drift.differences) process.stderr.write(`${difference}\n`)
  differences += drift.differences.length
}
process.stdout.write(`${schemas.length} declarations compared, ${differences} differences\n`)
process.exitCode = differences === 0 ? 0 : 1

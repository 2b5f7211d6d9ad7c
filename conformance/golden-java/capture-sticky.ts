// Captures what Apache Kafka's sticky assignors decide for groups whose subscriptions we wrote; see README.md.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileAgainst } from './java.ts'
import { stickyGroups } from './sticky-groups.ts'

const KAFKA = '4.1.2'
const file = join(import.meta.dirname, '../../packages/protocol/test/golden/assignment/java-sticky-assignors.json')

const groups = stickyGroups(8)
const decisions = compileAgainst(KAFKA).run(
  'CaptureStickyAssignments',
  groups.map((group) => JSON.stringify(group)).join('\n'),
) as object[]
const lines = groups.map((group, index) => JSON.stringify({ ...group, java: decisions[index] })).join(',\n')
const source = `kafka-clients ${KAFKA} (Java); conformance/golden-java, CaptureStickyAssignments`
writeFileSync(file, `{ "capturedBy": ${JSON.stringify(source)}, "vectors": [\n${lines}\n]}\n`)

// Runs the command line tools of Apache Kafka: the Java classes behind kafka-topics.sh and its siblings.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { LineProcess, type Ended } from '../../support/line-process.ts'
import { requireBinary } from '../../support/require-binary.ts'

/** Each tool's script in Kafka's bin/, and the class that it runs. */
const classes = {
  'kafka-topics': 'TopicCommand',
  'kafka-consumer-groups': 'consumer.group.ConsumerGroupCommand',
  'kafka-delete-records': 'DeleteRecordsCommand',
  'kafka-get-offsets': 'GetOffsetShell',
  'kafka-log-dirs': 'LogDirsCommand',
  'kafka-broker-api-versions': 'BrokerApiVersionsCommand',
} as const

export type KafkaTool = keyof typeof classes

/** A tool lives for a second: it starts faster without the better compiler. */
const javaFlags = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto']

const folder = import.meta.dirname
const classPathFile = join(folder, 'target', 'class-path.txt')

function classPath(): string {
  return readFileSync(classPathFile, 'utf8')
}

/** Sees to it that the tools are on this machine: Maven fetches them once. Throws by name where it cannot. */
export function requireKafkaTools(): void {
  requireBinary('java', ['-version'], 'default-jre-headless')
  if (existsSync(classPathFile) && classPath().split(delimiter).every(existsSync)) return
  requireBinary('mvn', ['-version'], 'maven')
  execFileSync('mvn', ['-B', '-q', 'dependency:build-classpath'], { cwd: folder, stdio: ['ignore', 2, 2] })
}

/** Runs a tool to its end. */
export function runKafkaTool(tool: KafkaTool, args: readonly string[]): Promise<Ended> {
  return new LineProcess('java', [...javaFlags, '-cp', classPath(), `org.apache.kafka.tools.${classes[tool]}`, ...args])
    .ended
}

// Runs the command line tools of Apache Kafka: the Java classes behind kafka-topics.sh and its siblings.
import { LineProcess, type Ended } from '../../support/line-process.ts'
import { mavenClassPath } from '../../support/maven-class-path.ts'

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

/** Sees to it that the tools are on this machine, and gives their class path. Throws by name what is missing. */
export function requireKafkaTools(): string {
  return mavenClassPath(import.meta.dirname)
}

/** Runs a tool to its end. */
export function runKafkaTool(classPath: string, tool: KafkaTool, args: readonly string[]): Promise<Ended> {
  return new LineProcess('java', [...javaFlags, '-cp', classPath, `org.apache.kafka.tools.${classes[tool]}`, ...args])
    .ended
}

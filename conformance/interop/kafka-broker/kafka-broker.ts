// Runs a broker of Apache Kafka, one node that is its own controller, in a directory of its own.
import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { mavenClassPath } from '../../support/maven-class-path.ts'

/** It serves a few records: it starts faster, and leaves the machine to others, without the better compiler. */
const javaFlags = [
  '-Xmx512m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Xshare:auto',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
]
const STARTED = 'Kafka Server started'
const CLUSTER_ID = Buffer.alloc(16, 1).toString('base64url')
/** How much of its log a failure shows. */
const LOG_CHARACTERS = 10_000

const run = promisify(execFile)

type Child = ChildProcessByStdio<null, null, Readable>

export class KafkaBroker {
  /** `HOST:PORT` */
  readonly address: string
  private readonly child: Child
  private readonly directory: string

  private constructor(address: string, child: Child, directory: string) {
    this.address = address
    this.child = child
    this.directory = directory
  }

  /** Resolves when it serves. Rejects, with what it logged, when it ends before that. */
  static async start(): Promise<KafkaBroker> {
    const java = [...javaFlags, '-cp', mavenClassPath(import.meta.dirname)]
    const directory = await mkdtemp(join(tmpdir(), 'goqueue-kafka-'))
    let child: Child | null = null
    try {
      const [port, controllerPort] = await freePorts()
      const file = join(directory, 'server.properties')
      await writeFile(file, properties(directory, port, controllerPort))
      await run('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file])
      child = spawn('java', [...java, 'kafka.Kafka', file], { stdio: ['ignore', 'ignore', 'pipe'] })
      await started(child)
      return new KafkaBroker(`127.0.0.1:${port}`, child, directory)
    } catch (error) {
      await remove(child, directory)
      throw error
    }
  }

  /** Kills it, and removes what it has stored. */
  end(): Promise<void> {
    return remove(this.child, this.directory)
  }
}

async function remove(child: Child | null, directory: string): Promise<void> {
  if (child !== null && child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  await rm(directory, { recursive: true, force: true })
}

function started(child: Child): Promise<void> {
  let log = ''
  return new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-LOG_CHARACTERS)
      if (log.includes(STARTED)) resolve()
    })
    child.once('close', () => {
      reject(new Error(`Apache Kafka ended before it was ready:\n${log}`))
    })
  })
}

/** Kafka must be told its controller's port beforehand, so that any free one will not do. */
async function freePorts(): Promise<[number, number]> {
  const listening = async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  const servers = [await listening(), await listening()] as const
  const [first, second] = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => promisify(server.close.bind(server))()))
  return [first!, second!]
}

function properties(directory: string, port: number, controllerPort: number): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names=CONTROLLER',
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    `log.dirs=${join(directory, 'data')}`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
    'group.initial.rebalance.delay.ms=0',
    'auto.create.topics.enable=false',
    'log.cleaner.enable=false',
    'num.network.threads=1',
    'num.io.threads=2',
    '',
  ].join('\n')
}

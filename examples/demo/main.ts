// The main job, end to end: produce a data set, share it among a consumer group, crash a consumer and the broker, lose nothing.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from '@goqueue/client'
import { BrokerProcess } from './broker-process.ts'
import { readDataSet } from './data-set.ts'
import type { FromWorker } from './messages.ts'
import { progressBar, say, type ProgressBar } from './screen.ts'
import { inWords, judge, rowName } from './verdict.ts'
import { WorkerProcess } from './worker-process.ts'

const TOPIC = 'flights'
const GROUP = 'demo'
const PARTITIONS = 4
const RECORDS_PER_SEND = 500
/** The second worker dies after this many records, the broker when this share of all rows is finished. */
const KILL_WORKER_AFTER = 800
const KILL_BROKER_AT = 0.6
/** A limit for what hangs, not a measure: every record is committed by itself, and a disk may be busy with other things. */
const PATIENCE_MS = 150_000

const admin = fileURLToPath(new URL('../../packages/cli/bin/goqueue-admin.js', import.meta.url))

/** Produces the data set; the names of its rows, with the partition and offset that each was acknowledged with. */
async function produceAll(broker: BrokerProcess): Promise<Set<string>> {
  const rows = await readDataSet()
  const client = new Client({ brokers: [broker.address], clientId: 'demo-producer' })
  await client.admin().createTopic({ name: TOPIC, partitions: PARTITIONS })
  const producer = client.producer()
  const bar = progressBar('produced', rows.length)
  const produced = new Set<string>()
  for (let start = 0; start < rows.length; start += RECORDS_PER_SEND) {
    const batch = rows.slice(start, start + RECORDS_PER_SEND)
    const acknowledged = await producer.send(batch.map((row) => ({ topic: TOPIC, ...row })))
    acknowledged.forEach(({ partition, offset }, index) => {
      produced.add(rowName(partition, offset, batch[index]?.key ?? ''))
    })
    bar.update(produced.size)
  }
  bar.stop()
  await client.close()
  return produced
}

/** The group at work: its processes, what they have finished, and the accidents that happen on the way. */
class Scene {
  private readonly broker: BrokerProcess
  private readonly directory: string
  private readonly rows: number
  private readonly workers: WorkerProcess[] = []
  private readonly finished = new Set<string>()
  private readonly finishedBy = new Map<string, number>()
  private hasKilledBroker = false
  private readonly bar: ProgressBar
  private readonly end: PromiseWithResolvers

  constructor(broker: BrokerProcess, directory: string, rows: number) {
    this.broker = broker
    this.directory = directory
    this.rows = rows
    this.end = withResolvers()
    this.bar = progressBar('consumed', rows)
  }

  get files(): string[] {
    return this.workers.map((worker) => worker.file)
  }

  /** Lets three workers share the topic; resolves when every row was finished by somebody. */
  async play(): Promise<void> {
    say('starting three workers…')
    const names = ['worker-1', 'worker-2', 'worker-3']
    await Promise.all(names.map((name) => this.hire(name)))
    for (const worker of this.workers) worker.join()
    const patience = setTimeout(() => {
      this.end.reject(new Error(`only ${this.finished.size} of ${this.rows} rows were finished in ${PATIENCE_MS} ms`))
    }, PATIENCE_MS)
    try {
      await this.end.promise
    } finally {
      clearTimeout(patience)
      this.bar.stop()
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.stop()))
  }

  private async hire(name: string): Promise<WorkerProcess> {
    const file = join(this.directory, `${name}.txt`)
    await writeFile(file, '')
    return new Promise((resolve) => {
      const worker = new WorkerProcess({
        name,
        file,
        broker: this.broker.address,
        topic: TOPIC,
        groupId: GROUP,
        onFailure: this.end.reject,
        onMessage: (message) => {
          if (message.kind === 'ready') resolve(worker)
          else this.hear(worker, message)
        },
      })
      this.workers.push(worker)
    })
  }

  private hear(worker: WorkerProcess, message: FromWorker): void {
    if (message.kind === 'assigned') say(`${worker.name} has partitions ${message.partitions.join(', ') || 'none'}`)
    if (message.kind === 'notCommitted') say(`${worker.name} could not commit: ${message.code}`)
    if (message.kind !== 'finished') return
    this.finished.add(`${message.partition} ${message.offset}`)
    this.bar.update(this.finished.size)
    const count = (this.finishedBy.get(worker.name) ?? 0) + 1
    this.finishedBy.set(worker.name, count)
    if (worker.name === 'worker-2' && count === KILL_WORKER_AFTER) this.accident(this.killWorker(worker))
    if (!this.hasKilledBroker && this.finished.size >= this.rows * KILL_BROKER_AT) {
      this.hasKilledBroker = true
      this.accident(this.killBroker())
    }
    if (this.finished.size === this.rows) this.end.resolve()
  }

  private accident(happening: Promise<void>): void {
    happening.catch(this.end.reject)
  }

  private async killWorker(worker: WorkerProcess): Promise<void> {
    await worker.kill()
    say(`${worker.name} killed with SIGKILL after ${KILL_WORKER_AFTER} records; worker-4 joins`)
    const replacement = await this.hire('worker-4')
    replacement.join()
  }

  private async killBroker(): Promise<void> {
    await this.broker.end('SIGKILL')
    say('broker killed with SIGKILL')
    await this.broker.start()
    say(`broker back on ${this.broker.address}`)
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

function withResolvers(): PromiseWithResolvers {
  let resolve!: () => void
  let reject!: (error: Error) => void
  const promise = new Promise<void>((onDone, onError) => {
    resolve = onDone
    reject = onError
  })
  return { promise, resolve, reject }
}

/** The group's total lag, once every commit has arrived. */
async function lagOf(broker: BrokerProcess): Promise<number> {
  const client = new Client({ brokers: [broker.address], clientId: 'demo-admin' })
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition }))
  const committed = await client.admin().groupOffsets(GROUP)
  const ends = await client.admin().listOffsets(partitions, 'latest')
  await client.close()
  return ends.reduce((lag, end) => {
    const own = committed.find(({ topic, partition }) => topic === end.topic && partition === end.partition)
    return lag + end.offset - (own?.offset ?? 0)
  }, 0)
}

async function main(): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'goqueue-demo-'))
  const broker = new BrokerProcess(join(directory, 'data'))
  await broker.start()
  say(`broker ready on ${broker.address}`)
  let scene: Scene | undefined
  try {
    const produced = await produceAll(broker)
    scene = new Scene(broker, directory, produced.size)
    await scene.play()
    // The last commits are on their way: the workers commit after they have written.
    const attempts = 50
    let lag = await lagOf(broker)
    for (let attempt = 1; lag > 0 && attempt < attempts; attempt++) lag = await lagOf(broker)
    const { stdout } = await promisify(execFile)(process.execPath, [
      admin,
      'describe-group',
      GROUP,
      '--broker',
      broker.address,
    ])
    say(`\n${stdout.trimEnd()}\n`)
    await scene.stop()
    const exitCode = await broker.end('SIGTERM')
    const verdict = await judge(produced, scene.files)
    const { rows, counted, missing, redelivered, foreign } = verdict
    say(inWords(verdict))
    say(`rows ${rows}, counted ${counted}, missing ${missing}, redelivered ${redelivered}`)
    if (foreign > 0) say(`${foreign} finished records are no rows of the data set`)
    if (lag > 0) say(`the group is still ${lag} records behind`)
    if (exitCode !== 0) say(`the broker did not stop cleanly: exit code ${exitCode}`)
    return missing === 0 && foreign === 0 && lag === 0 && exitCode === 0
  } finally {
    await scene?.stop()
    await broker.end('SIGKILL')
    await rm(directory, { recursive: true, force: true })
  }
}

main().then(
  (holds) => {
    process.exitCode = holds ? 0 : 1
  },
  (error: unknown) => {
    process.stderr.write(`demo failed: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  },
)

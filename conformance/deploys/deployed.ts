// A deployment on a broker process of its own, and what any series of deploys must leave behind.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished } from 'vitest'
import { bundle } from '../support/broker-bundle.ts'
import { useBrokerProcesses } from '../support/broker-process.ts'
import { root } from '../workspace/root.ts'
import { Deployment, type DeploymentOptions } from './deployment.ts'

export const CONSUMERS = 6
/** Less than brokers allow by default: a dynamic member that was killed holds the next rebalance up for so long. */
export const SHORT_SESSION_MS = 2_000
/** A limit for what hangs: the machine may be busy with something else. */
export const PATIENCE_MS = 240_000

/** To be called at the top of a test file; gives what starts a deployment for a test. */
export function useDeployments() {
  const brokers = useBrokerProcesses()
  let main = ''
  let broker = ''
  beforeAll(async () => {
    const directory = await brokers.directory('goqueue-bundle-')
    await bundle(directory, { consumer: join(root, 'conformance', 'deploys', 'consumer.ts') })
    main = join(directory, 'dist', 'consumer.js')
    const config = join(directory, 'broker.json')
    await writeFile(config, JSON.stringify({ 'group.min.session.timeout.ms': SHORT_SESSION_MS }))
    broker = (await brokers.start({ dataDir: await brokers.directory(), args: ['--config', config] })).address
  })
  return async (options: Pick<DeploymentOptions, 'name' | 'hasStaticIds' | 'assignor' | 'sessionTimeoutMs'>) => {
    const directory = await brokers.directory('goqueue-finished-')
    const deployment = new Deployment({ broker, main, directory, consumers: CONSUMERS, ...options })
    onTestFinished(() => deployment.close())
    await deployment.start()
    return deployment
  }
}

/** Two deploys, and one in which nobody has the time to leave. */
export async function deployThrice(deployment: Deployment): Promise<void> {
  await deployment.roll()
  await deployment.roll()
  await deployment.kill()
  await deployment.stop()
}

/** Every record that was acknowledged was finished by somebody, and the commits say so. */
export async function expectNothingSkipped(deployment: Deployment): Promise<void> {
  const written = new Set(await deployment.written())
  expect([...written].sort()).toEqual(deployment.produced().sort())
  expect(await deployment.lag()).toBe(0)
}

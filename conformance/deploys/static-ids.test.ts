// Deploys of a group whose consumers have ids of their own: real processes, under production that never rests.
import { expect, it } from 'vitest'
import { CONSUMERS, deployThrice, expectNothingSkipped, PATIENCE_MS, useDeployments } from './deployed.ts'

/** A consumer is back long before. */
const SESSION_MS = 120_000

const deployed = useDeployments()

it(
  'a group with static ids survives two rolling restarts and a round of kills: nothing is skipped, and nobody rebalances',
  async () => {
    const deployment = await deployed({
      name: 'static',
      hasStaticIds: true,
      assignor: 'roundrobin',
      sessionTimeoutMs: SESSION_MS,
    })
    const before = await deployment.rebalances()
    await deployThrice(deployment)
    await expectNothingSkipped(deployment)
    expect(await deployment.rebalances()).toEqual(before)
    const restarted = deployment.generations.slice(CONSUMERS)
    expect(restarted).toEqual(new Array(3 * CONSUMERS).fill(before.at(-1)))
  },
  PATIENCE_MS,
)

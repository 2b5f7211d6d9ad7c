// Deploys of a group whose consumers have no ids of their own: real processes, under production that never rests.
import { expect, it } from 'vitest'
import { deployThrice, expectNothingSkipped, PATIENCE_MS, SHORT_SESSION_MS, useDeployments } from './deployed.ts'

const deployed = useDeployments()

it(
  'a cooperative group without static ids survives two rolling restarts and a round of kills: nothing is skipped',
  async () => {
    const deployment = await deployed({
      name: 'dynamic',
      hasStaticIds: false,
      assignor: 'cooperative-sticky',
      sessionTimeoutMs: SHORT_SESSION_MS,
    })
    const before = await deployment.rebalances()
    await deployThrice(deployment)
    await expectNothingSkipped(deployment)
    expect((await deployment.rebalances()).length).toBeGreaterThan(before.length)
  },
  PATIENCE_MS,
)

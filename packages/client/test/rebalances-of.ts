// Why a group rebalanced, and when, as the broker wrote it down (docs/explain-group.md).
import type { Client } from '../src/index.ts'

export interface Rebalance {
  readonly groupId: string
  readonly generationId: number
  readonly memberCount: number
  readonly settledMs: number
  /** From the first cause on. */
  readonly tookMs: number
  readonly causes: readonly { readonly kind: string; readonly memberId: string }[]
}

/** Every rebalance of a group that is written down by now, oldest first. */
export async function rebalancesOf(client: Client, groupId: string): Promise<Rebalance[]> {
  const at = { topic: '__goqueue_rebalances', partition: 0 }
  const [end] = await client.admin().listOffsets([at], 'latest')
  const consumer = client.consumer()
  consumer.assign([{ ...at, offset: 'earliest' }])
  const found: Rebalance[] = []
  for await (const { value, offset } of consumer) {
    found.push(JSON.parse(String(value)) as Rebalance)
    if (offset + 1 === end!.offset) break
  }
  await consumer.close()
  return found.filter((rebalance) => rebalance.groupId === groupId)
}

// The rebalances of a group, as the broker has written them down (docs/explain-group.md).
import type { Client } from '@goqueue/client'

const AT = { topic: '__goqueue_rebalances', partition: 0 }

export interface Rebalance {
  readonly generationId: number
  readonly causes: readonly { readonly kind: string; readonly memberId: string | null }[]
  readonly moved: readonly { readonly partition: number; readonly from: string | null; readonly to: string | null }[]
}

/** Every one that is written down by now, oldest first. */
export async function rebalancesOf(client: Client, groupId: string): Promise<Rebalance[]> {
  const [end] = await client.admin().listOffsets([AT], 'latest')
  const consumer = client.consumer()
  consumer.assign([{ ...AT, offset: 'earliest' }])
  const found: Rebalance[] = []
  for await (const { key, value, offset } of consumer) {
    if (String(key) === groupId) found.push(JSON.parse(String(value)) as Rebalance)
    if (offset + 1 === end!.offset) break
  }
  await consumer.close()
  return found
}

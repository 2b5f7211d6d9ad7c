// The broker's own account of rebalances: who fell silent, and when it noticed (docs/explain-group.md).
import type { Client } from '@goqueue/client'

const TOPIC = '__goqueue_rebalances'

interface Rebalance {
  readonly settledMs: number
  readonly tookMs: number
  readonly causes: readonly { readonly kind: string; readonly memberId: string | null }[]
}

/** By member id: when the broker noticed that it had fallen silent, by the wall clock. Resolves when it has noticed all. */
export async function noticedSilence(client: Client, memberIds: readonly string[]): Promise<Map<string, number>> {
  const noticed = new Map<string, number>()
  const consumer = client.consumer()
  consumer.assign([{ topic: TOPIC, partition: 0, offset: 'earliest' }])
  for await (const { value } of consumer) {
    const { settledMs, tookMs, causes } = JSON.parse(String(value)) as Rebalance
    for (const { kind, memberId } of causes) {
      if (kind === 'sessionTimeout' && memberId !== null) noticed.set(memberId, settledMs - tookMs)
    }
    if (memberIds.every((memberId) => noticed.has(memberId))) break
  }
  await consumer.close()
  return noticed
}

// The worker under test: charges the customer of each order.
import type { Client, GroupConsumer } from '@goqueue/client'

export type Charge = (customer: string, cents: number) => Promise<void>

export interface Worker {
  readonly group: GroupConsumer
  run(): Promise<void>
}

/** A member of the group `billing`. What it talks to is handed in: the broker by `client`, the bank by `charge`. */
export function billingWorker(client: Client, charge: Charge): Worker {
  const group = client.groupConsumer({ groupId: 'billing', topics: ['orders'] })
  const handler = (record: { key: unknown; value: unknown }) => charge(String(record.key), Number(record.value))
  return { group, run: () => group.run({ handler, retry: { maxAttempts: 3, backoffMs: 10 } }) }
}

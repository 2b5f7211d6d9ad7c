// The worker under test: adds up payments by account.
import type { Client, GroupConsumer } from '@goqueue/client'

/** One member of the group `ledger`, which reads the topic `payments`: key is the account, value the amount. */
export class Ledger {
  readonly balances: Record<string, number> = {}
  private readonly group: GroupConsumer

  constructor(client: Client) {
    this.group = client.groupConsumer({ groupId: 'ledger', topics: ['payments'], sessionTimeoutMs: 30_000 })
  }

  /** The partitions that it works on at the moment. */
  get partitions(): number[] {
    return this.group.getAssignment()['payments'] ?? []
  }

  /** Works until its client is closed. */
  async run(): Promise<void> {
    for await (const record of this.group) {
      const account = String(record.key)
      this.balances[account] = (this.balances[account] ?? 0) + Number(record.value)
      await this.group.commit(record)
    }
  }
}

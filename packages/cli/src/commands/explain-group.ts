// explain-group GROUP
import type { Command } from '../command.ts'
import { rebalancesOf } from '../rebalance-history.ts'
import { timeline } from '../rebalance-timeline.ts'
import type { GlobalOptions } from '../session.ts'

interface Options extends GlobalOptions {
  group: string
}

export const explainGroup: Command<Options> = {
  usage: 'explain-group <group>',
  summary: 'Show why a group rebalanced: who caused it, what moved, how long it took',
  options: (parser) => parser.positional('group', { type: 'string', describe: 'a group id', demandOption: true }),

  async run(session, { group: groupId }) {
    const rebalances = await rebalancesOf(await session.client(), groupId, session.enough)
    await session.print({ json: rebalances, text: timeline(rebalances) })
  },
}

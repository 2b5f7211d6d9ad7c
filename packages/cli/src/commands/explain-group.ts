// explain-group GROUP
import type { Command } from '../command.ts'
import { groupArgument } from '../group-id.ts'
import { rebalancesOf } from '../rebalance-history.ts'
import { timeline } from '../rebalance-timeline.ts'
import type { GlobalOptions } from '../session.ts'

interface Options extends GlobalOptions {
  group: string
}

export const explainGroup: Command<Options> = {
  usage: 'explain-group <group>',
  summary: 'Show why a group rebalanced: who caused it, what moved, how long it took',
  options: (parser) => parser.positional('group', groupArgument),

  async run(session, { group: groupId }) {
    const rebalances = await rebalancesOf(await session.client(), groupId, session.enough)
    await session.print({ json: rebalances, text: timeline(rebalances, session.columns) })
  },
}

// list-groups
import type { Command } from '../command.ts'
import type { GlobalOptions } from '../session.ts'
import { table } from '../table.ts'

export const listGroups: Command<GlobalOptions> = {
  usage: 'list-groups',
  summary: 'List the consumer groups of the cluster',
  options: (parser) => parser,

  async run(session) {
    const groups = await (await session.client()).admin().listGroups()
    await session.print({
      json: groups.map(({ groupId, state, protocolType }) => ({ groupId, state, protocolType })),
      text:
        groups.length === 0
          ? 'There are no groups.\n'
          : table(groups, [
              { heading: 'GROUP', cell: ({ groupId }) => groupId },
              { heading: 'STATE', cell: ({ state }) => state || null },
              { heading: 'PROTOCOL TYPE', cell: ({ protocolType }) => protocolType || null },
            ]),
    })
  },
}

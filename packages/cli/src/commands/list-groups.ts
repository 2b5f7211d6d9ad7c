// list-groups [--state STATE]…
import type { Command } from '../command.ts'
import { UsageError } from '../failure.ts'
import type { GlobalOptions } from '../session.ts'
import { table } from '../table.ts'

interface Options extends GlobalOptions {
  state: string[] | undefined
}

/** Kafka's states: those of classic groups, and two more of the groups of KIP-848. */
const STATES = ['Stable', 'PreparingRebalance', 'CompletingRebalance', 'Empty', 'Dead', 'Assigning', 'Reconciling']

export const listGroups: Command<Options> = {
  usage: 'list-groups',
  summary: 'List the consumer groups of the cluster',
  options: (parser) =>
    parser.option('state', {
      type: 'string',
      describe: 'only groups in this state, such as Empty; may be repeated',
      requiresArg: true,
      coerce: readStates,
    }),

  async run(session, { state: states }) {
    const groups = await (await session.client()).admin().listGroups({ states })
    const none =
      states === undefined ? 'There are no groups.\n' : `There are no groups in state ${states.join(' or ')}.\n`
    await session.print({
      json: groups.map(({ groupId, state, protocolType }) => ({ groupId, state, protocolType })),
      text:
        groups.length === 0
          ? none
          : table(groups, [
              { heading: 'GROUP', cell: ({ groupId }) => groupId },
              { heading: 'STATE', cell: ({ state }) => state || null },
              { heading: 'PROTOCOL TYPE', cell: ({ protocolType }) => protocolType || null },
            ]),
    })
  },
}

function readStates(given: string | readonly string[] | undefined): string[] | undefined {
  if (given === undefined) return undefined
  return [given].flat().map((text) => {
    const state = STATES.find((name) => name.toLowerCase() === text.toLowerCase())
    if (state === undefined) throw new UsageError(`--state takes one of ${STATES.join(', ')}, not '${text}'.`)
    return state
  })
}

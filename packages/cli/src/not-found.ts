// Errors about things that do not exist (or exist already), said in the words of the person who named them.
import { codeOf, CommandError } from './failure.ts'

/** Runs a call about one topic; that there is none becomes a sentence that says how to see what there is. */
export async function aboutTopic<T>(name: string, call: Promise<T>): Promise<T> {
  return call.catch((error: unknown) => {
    const code = codeOf(error)
    if (code === 'UNKNOWN_TOPIC_OR_PARTITION') {
      throw noSuchTopic(name)
    }
    if (code === 'TOPIC_ALREADY_EXISTS') {
      throw new CommandError(`There is a topic '${name}' already; goqueue-admin describe-topic ${name} shows it.`)
    }
    throw error
  })
}

/** Says that there is no such topic, and how to see what there is. */
export function noSuchTopic(name: string): CommandError {
  return new CommandError(`There is no topic '${name}'; goqueue-admin list-topics shows what there is.`)
}

/** Runs a call about one group. */
export async function aboutGroup<T>(groupId: string, call: Promise<T>): Promise<T> {
  return call.catch((error: unknown) => {
    if (codeOf(error) !== 'GROUP_ID_NOT_FOUND') throw error
    throw noSuchGroup(groupId)
  })
}

/** Says that there is no such group, and how to see what there is. */
export function noSuchGroup(groupId: string): CommandError {
  return new CommandError(`There is no group '${groupId}'; goqueue-admin list-groups shows what there is.`)
}

// AlterConfigs: replaces all that is set for a topic.
import { alterTopicConfigs } from './alter-topic-configs.ts'
import type { Handler } from './handler.ts'

export const alterConfigs: Handler<'AlterConfigs'> = async (services, request) => ({
  responses: await alterTopicConfigs(
    services,
    request.resources,
    ({ configs }) =>
      () =>
        new Map(configs.map((config): [string, string | null] => [config.name, config.value])),
    request.validateOnly,
  ),
})

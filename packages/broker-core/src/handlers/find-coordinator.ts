// FindCoordinator: every group is coordinated by this broker; transactions by nobody.
import type { ResponseInput } from '@goqueue/protocol'
import type { RequestContext } from '../request-context.ts'
import type { Handler } from './handler.ts'
import type { Services } from './services.ts'

const GROUP = 0

type Coordinator = NonNullable<ResponseInput<'FindCoordinator'>['coordinators']>[number]

function coordinatorOf(services: Services, key: string, keyType: number, { advertised }: RequestContext): Coordinator {
  if (keyType !== GROUP) {
    // The one code that librdkafka gives up on at once, and whose message it shows; others it asks again for a minute.
    const errorCode = 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'
    const errorMessage = `only groups (key type ${GROUP}) have a coordinator here: transactions are not supported`
    return { key, nodeId: -1, host: '', port: -1, errorCode, errorMessage }
  }
  const { host, port } = advertised
  return { key, nodeId: services.nodeId, host, port, errorCode: 'NONE', errorMessage: null }
}

export const findCoordinator: Handler<'FindCoordinator'> = (services, request, context) => {
  if (context.apiVersion >= 4) {
    const { coordinatorKeys, keyType } = request
    return { coordinators: coordinatorKeys.map((key) => coordinatorOf(services, key, keyType, context)) }
  }
  const { key: _key, ...coordinator } = coordinatorOf(services, request.key, request.keyType, context)
  return coordinator
}

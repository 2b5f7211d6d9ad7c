// DescribeCluster: this one broker, which is its own controller.
import type { Handler } from './handler.ts'

const BROKERS = 1
const CONTROLLERS = 2

export const describeCluster: Handler<'DescribeCluster'> = (services, { endpointType }, { advertised }) => {
  const { clusterId, nodeId } = services
  if (endpointType === CONTROLLERS) {
    const errorMessage = 'This is an endpoint of brokers, not of controllers.'
    return { errorCode: 'MISMATCHED_ENDPOINT_TYPE', errorMessage, clusterId, brokers: [] }
  }
  if (endpointType !== BROKERS) {
    const errorMessage = `Endpoint type ${endpointType} is none: 1 stands for brokers, 2 for controllers.`
    return { errorCode: 'UNSUPPORTED_ENDPOINT_TYPE', errorMessage, clusterId, brokers: [] }
  }
  const brokers = [{ brokerId: nodeId, host: advertised.host, port: advertised.port }]
  return { errorCode: 'NONE', clusterId, controllerId: nodeId, brokers }
}

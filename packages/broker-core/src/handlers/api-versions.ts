// ApiVersions: the APIs and version ranges this broker answers.
import { apis } from '@goqueue/protocol'
import type { Handler } from './handler.ts'

const apiKeys = Object.values(apis)
  .map(({ key, versions }) => ({ apiKey: key, minVersion: versions.min, maxVersion: versions.max }))
  .sort((a, b) => a.apiKey - b.apiKey)

/** Kafka's rule for the names of KIP-511: no control or quoting characters, so that they can be logged as they are. */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

export const apiVersions: Handler<'ApiVersions'> = (_services, request, context) => {
  const isNamed = SOFTWARE.test(request.clientSoftwareName) && SOFTWARE.test(request.clientSoftwareVersion)
  if (context.apiVersion >= 3 && !isNamed) return { errorCode: 'INVALID_REQUEST', apiKeys: [] }
  return { errorCode: 'NONE', apiKeys }
}

/** The answer to a version above ours, in the v0 layout: the client picks again from it (KIP-511). */
export const unsupportedApiVersions = { errorCode: 'UNSUPPORTED_VERSION', apiKeys } as const

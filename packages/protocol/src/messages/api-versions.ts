// ApiVersions: request and response, all versions.
import { array, bool, errorCode, int16, int32, int64, string, tagged, message, type MessageOf } from '../schema.ts'

/** Asks a broker which APIs and versions it speaks. v3: client software name and version (KIP-511). */
export const ApiVersionsRequest = message({
  name: 'ApiVersionsRequest',
  apiKey: 18,
  versions: '0-4',
  flexible: '3+',
  fields: {
    clientSoftwareName: string('3+', { ignorable: true }),
    clientSoftwareVersion: string('3+', { ignorable: true }),
  },
})
export type ApiVersionsRequest = MessageOf<typeof ApiVersionsRequest>

/** Answers the version ranges. An unsupported version is answered in v0 (KIP-511); tagged features since v3 (KIP-584). */
export const ApiVersionsResponse = message({
  name: 'ApiVersionsResponse',
  apiKey: 18,
  versions: '0-4',
  flexible: '3+',
  fields: {
    errorCode: errorCode('0+'),
    apiKeys: array('0+', {
      apiKey: int16('0+'),
      minVersion: int16('0+'),
      maxVersion: int16('0+'),
    }),
    throttleTimeMs: int32('1+', { ignorable: true }),
    supportedFeatures: tagged(
      0,
      array(
        '3+',
        {
          name: string('3+'),
          minVersion: int16('3+'),
          maxVersion: int16('3+'),
        },
        { ignorable: true },
      ),
    ),
    finalizedFeaturesEpoch: tagged(1, int64('3+', { default: -1, ignorable: true })),
    finalizedFeatures: tagged(
      2,
      array(
        '3+',
        {
          name: string('3+'),
          maxVersionLevel: int16('3+'),
          minVersionLevel: int16('3+'),
        },
        { ignorable: true },
      ),
    ),
    zkMigrationReady: tagged(3, bool('3+', { default: false, ignorable: true })),
  },
})
export type ApiVersionsResponse = MessageOf<typeof ApiVersionsResponse>

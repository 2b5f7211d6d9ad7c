// AlterConfigs: request and response, all versions.
import { array, bool, errorCode, int32, int8, string, message, type MessageOf } from '../schema.ts'

/** Replaces all configs of each resource: what is not named goes back to its default (KIP-133). */
export const AlterConfigsRequest = message({
  name: 'AlterConfigsRequest',
  apiKey: 33,
  versions: '0-2',
  flexible: '2+',
  fields: {
    resources: array('0+', {
      resourceType: int8('0+'),
      resourceName: string('0+'),
      configs: array('0+', {
        name: string('0+'),
        value: string('0+', { nullable: '0+' }),
      }),
    }),
    validateOnly: bool('0+'),
  },
})
export type AlterConfigsRequest = MessageOf<typeof AlterConfigsRequest>

/** Answers an error code for each resource. */
export const AlterConfigsResponse = message({
  name: 'AlterConfigsResponse',
  apiKey: 33,
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+', { default: 0 }),
    responses: array('0+', {
      errorCode: errorCode('0+'),
      errorMessage: string('0+', { nullable: '0+' }),
      resourceType: int8('0+'),
      resourceName: string('0+'),
    }),
  },
})
export type AlterConfigsResponse = MessageOf<typeof AlterConfigsResponse>

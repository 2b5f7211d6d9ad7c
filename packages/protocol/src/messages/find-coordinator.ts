// FindCoordinator: request and response, all versions.
import { array, errorCode, int32, int8, string, message, type MessageOf } from '../schema.ts'

/** Asks for the coordinator of a group (key type 0) or transaction (1). v4: many keys at once (KIP-699). */
export const FindCoordinatorRequest = message({
  name: 'FindCoordinatorRequest',
  apiKey: 10,
  versions: '0-6',
  flexible: '3+',
  fields: {
    key: string('0-3', { default: '' }),
    keyType: int8('1+', { default: 0 }),
    coordinatorKeys: array('4+', string('4+'), { default: [] }),
  },
})
export type FindCoordinatorRequest = MessageOf<typeof FindCoordinatorRequest>

/** Answers the coordinator: one until v3, an array since v4. */
export const FindCoordinatorResponse = message({
  name: 'FindCoordinatorResponse',
  apiKey: 10,
  versions: '0-6',
  flexible: '3+',
  fields: {
    throttleTimeMs: int32('1+', { ignorable: true }),
    errorCode: errorCode('0-3'),
    errorMessage: string('1-3', { nullable: '1-3', ignorable: true }),
    nodeId: int32('0-3', { default: 0 }),
    host: string('0-3', { default: '' }),
    port: int32('0-3', { default: 0 }),
    coordinators: array(
      '4+',
      {
        key: string('4+'),
        nodeId: int32('4+'),
        host: string('4+'),
        port: int32('4+'),
        errorCode: errorCode('4+'),
        errorMessage: string('4+', { nullable: '4+', ignorable: true }),
      },
      { default: [] },
    ),
  },
})
export type FindCoordinatorResponse = MessageOf<typeof FindCoordinatorResponse>

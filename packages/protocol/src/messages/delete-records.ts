// DeleteRecords: request and response, all versions.
import { array, errorCode, int32, int64, string, message, type MessageOf } from '../schema.ts'

/** Deletes the records below an offset; −1 stands for the high watermark (KIP-107). */
export const DeleteRecordsRequest = message({
  name: 'DeleteRecordsRequest',
  apiKey: 21,
  versions: '0-2',
  flexible: '2+',
  fields: {
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        offset: int64('0+'),
      }),
    }),
    timeoutMs: int32('0+'),
  },
})
export type DeleteRecordsRequest = MessageOf<typeof DeleteRecordsRequest>

/** Answers the new log start offset of each partition. */
export const DeleteRecordsResponse = message({
  name: 'DeleteRecordsResponse',
  apiKey: 21,
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+', { default: 0 }),
    topics: array('0+', {
      name: string('0+'),
      partitions: array('0+', {
        partitionIndex: int32('0+'),
        lowWatermark: int64('0+'),
        errorCode: errorCode('0+'),
      }),
    }),
  },
})
export type DeleteRecordsResponse = MessageOf<typeof DeleteRecordsResponse>

// DescribeLogDirs: request and response, all versions.
import { array, bool, errorCode, int32, int64, string, message, type MessageOf } from '../schema.ts'

/** Asks how large partitions are; null for all topics (KIP-113). */
export const DescribeLogDirsRequest = message({
  name: 'DescribeLogDirsRequest',
  apiKey: 35,
  versions: '0-4',
  flexible: '2+',
  fields: {
    topics: array(
      '0+',
      {
        topic: string('0+'),
        partitions: array('0+', int32('0+')),
      },
      { nullable: '0+' },
    ),
  },
})
export type DescribeLogDirsRequest = MessageOf<typeof DescribeLogDirsRequest>

/** Answers the partitions of each log directory. v4: the size of its disk (KIP-827). */
export const DescribeLogDirsResponse = message({
  name: 'DescribeLogDirsResponse',
  apiKey: 35,
  versions: '0-4',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32('0+', { default: 0 }),
    errorCode: errorCode('3+', { ignorable: true }),
    results: array('0+', {
      errorCode: errorCode('0+'),
      logDir: string('0+'),
      topics: array('0+', {
        name: string('0+'),
        partitions: array('0+', {
          partitionIndex: int32('0+'),
          partitionSize: int64('0+', { saturate: true }),
          offsetLag: int64('0+', { saturate: true }),
          isFutureKey: bool('0+'),
        }),
      }),
      totalBytes: int64('4+', { default: -1, ignorable: true, saturate: true }),
      usableBytes: int64('4+', { default: -1, ignorable: true, saturate: true }),
    }),
  },
})
export type DescribeLogDirsResponse = MessageOf<typeof DescribeLogDirsResponse>

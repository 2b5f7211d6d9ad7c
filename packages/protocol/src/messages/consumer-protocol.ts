// The consumer protocol's blobs: what JoinGroup and SyncGroup carry as bytes.
import { array, bytes, int32, string, message, type MessageOf } from '../schema.ts'

/** What a member tells its leader: topics, and since v1 what it owns (KIP-429); v2 its generation, v3 its rack (KIP-881). */
export const ConsumerProtocolSubscription = message({
  name: 'ConsumerProtocolSubscription',
  apiKey: -1,
  versions: '0-3',
  flexible: 'none',
  fields: {
    topics: array('0+', string('0+')),
    userData: bytes('0+', { nullable: '0+', default: null }),
    ownedPartitions: array(
      '1+',
      {
        topic: string('1+'),
        partitions: array('1+', int32('1+')),
      },
      { ignorable: true },
    ),
    generationId: int32('2+', { default: -1, ignorable: true }),
    rackId: string('3+', { nullable: '3+', default: null, ignorable: true }),
  },
})
export type ConsumerProtocolSubscription = MessageOf<typeof ConsumerProtocolSubscription>

/** What the leader gives a member: partitions and user data. All versions share one layout. */
export const ConsumerProtocolAssignment = message({
  name: 'ConsumerProtocolAssignment',
  apiKey: -1,
  versions: '0-3',
  flexible: 'none',
  fields: {
    assignedPartitions: array('0+', {
      topic: string('0+'),
      partitions: array('0+', int32('0+')),
    }),
    userData: bytes('0+', { nullable: '0+', default: null }),
  },
})
export type ConsumerProtocolAssignment = MessageOf<typeof ConsumerProtocolAssignment>

// The user data of a `sticky` member: what it had when it last was assigned something, and in which generation.
import { DecodeError } from '../decode-error.ts'
import { writeMessage } from '../codec.ts'
import { locate, readStruct } from '../interpret.ts'
import { Reader } from '../reader.ts'
import { array, int32, message, string, type MessageOf } from '../schema.ts'
import { Writer } from '../writer.ts'
import type { PreviousAssignment } from './assignor.ts'
import { fromTopicList, toSortedTopicList } from './topic-partitions.ts'

/** Unlike other blobs it does not say its version: v1 is v0 and four bytes more (StickyAssignor.java). */
const StickyAssignorUserData = message({
  name: 'StickyAssignorUserData',
  apiKey: -1,
  versions: '0-1',
  flexible: 'none',
  fields: {
    previousAssignment: array('0+', { topic: string('0+'), partitions: array('0+', int32('0+')) }),
    generation: int32('1+', { default: -1 }),
  },
})

/** The bytes in v1; null for a member that never had an assignment, as in the Java client. */
export function writeStickyUserData({ partitions, generationId }: PreviousAssignment): Buffer | null {
  if (partitions.size === 0 && generationId < 0) return null
  const writer = new Writer()
  const value = { previousAssignment: toSortedTopicList(partitions), generation: generationId }
  writeMessage(writer, StickyAssignorUserData, 1, value)
  return writer.finish()
}

/** What the member had. Bytes of neither version say that it had nothing: another client's mistake must not stop a group. */
export function readStickyUserData(userData: Buffer | null): PreviousAssignment {
  const read = userData === null ? null : (tryVersion(userData, 1) ?? tryVersion(userData, 0))
  if (read === null) return { partitions: new Map(), generationId: -1 }
  return { partitions: fromTopicList(read.previousAssignment), generationId: read.generation }
}

/** Like the Java client, does not mind bytes after the last field. */
function tryVersion(userData: Buffer, version: number): MessageOf<typeof StickyAssignorUserData> | null {
  try {
    const read = readStruct(new Reader(userData), StickyAssignorUserData.fields, version, false)
    return read as MessageOf<typeof StickyAssignorUserData>
  } catch (error) {
    if (locate(error).cause instanceof DecodeError) return null
    throw error
  }
}

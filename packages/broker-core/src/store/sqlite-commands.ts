// Writes a change of metadata as commands for the SQLite thread, which knows statements and values only.
import type { MetadataChange } from './metadata-store.ts'
import type { Command } from './sqlite-messages.ts'

/** The commands of these changes, in order. They share nothing with the changes, which may be altered afterwards. */
export function commandsOf(changes: readonly MetadataChange[]): Command[] {
  return changes.flatMap(commandsOfOne)
}

function commandsOfOne(change: MetadataChange): Command[] {
  switch (change.kind) {
    case 'putTopic': {
      const { name, topicId, partitions, configs, createdMs } = change.topic
      return [['putTopic', name, topicId, partitions, JSON.stringify(configs), createdMs]]
    }
    case 'deleteTopic':
      return [
        ['deleteTopic', change.name],
        ['deleteOffsetsOfTopic', change.name],
      ]
    case 'putGroup':
      return [['putGroup', change.group.groupId, change.group.state]]
    case 'deleteGroup':
      return [
        ['deleteGroup', change.groupId],
        ['deleteOffsetsOfGroup', change.groupId],
      ]
    case 'putOffsets':
      return change.offsets.map((record) => [
        'putOffset',
        record.groupId,
        record.topic,
        record.partition,
        record.offset,
        record.leaderEpoch,
        record.metadata,
        record.committedMs,
        record.expireMs,
      ])
    case 'deleteOffsets':
      return change.partitions.map(({ topic, partition }) => ['deleteOffset', change.groupId, topic, partition])
    case 'putNextProducerId':
      return [['putNextProducerId', change.nextProducerId]]
  }
}

// The drift alarm itself: silent where a declaration says what Kafka's JSON says, loud for each thing that differs.
import { describe, expect, test } from 'vitest'
import { OffsetFetchRequest } from '@goqueue/protocol'
import { findDrift } from './drift.ts'
import { parseKafkaMessage } from './kafka-message.ts'

const kafkaText = `// A comment before the JSON.
{
  "apiKey": 9, "type": "request", "name": "OffsetFetchRequest", "validVersions": "1-9", "flexibleVersions": "6+",
  "fields": [
    { "name": "GroupId", "type": "string", "versions": "0-7", "about": "https://not.a.comment" }, // but this is
    { "name": "Topics", "type": "[]Topic", "versions": "0-7", "nullableVersions": "2-7", "fields": [
      { "name": "Name", "type": "string", "versions": "0-7" },
      { "name": "PartitionIndexes", "type": "[]int32", "versions": "0-7" }
    ]},
    { "name": "Groups", "type": "[]Group", "versions": "8+", "fields": [
      { "name": "GroupId", "type": "string", "versions": "8+" },
      { "name": "MemberId", "type": "string", "versions": "9+", "nullableVersions": "9+", "default": "null", "ignorable": true },
      { "name": "MemberEpoch", "type": "int32", "versions": "9+", "default": "-1", "ignorable": true },
      { "name": "Topics", "type": "[]Topics", "versions": "8+", "nullableVersions": "8+" }
    ]},
    { "name": "RequireStable", "type": "bool", "versions": "7+", "default": "false" }
  ],
  "commonStructs": [{ "name": "Topics", "versions": "8+", "fields": [
    { "name": "Name", "type": "string", "versions": "8+" },
    { "name": "PartitionIndexes", "type": "[]int32", "versions": "8+" }
  ]}]
}`

function differencesAfter(search: string, replacement: string): string[] {
  expect(kafkaText).toContain(search)
  return findDrift(OffsetFetchRequest, parseKafkaMessage(kafkaText.replace(search, replacement))).differences
}

describe('the drift alarm', () => {
  test('is silent where both say the same about the versions that both have', () => {
    expect(findDrift(OffsetFetchRequest, parseKafkaMessage(kafkaText)).differences).toEqual([])
  })

  test('notes versions that only one side has without calling them a difference', () => {
    const kafka = parseKafkaMessage(kafkaText.replace('"validVersions": "1-9"', '"validVersions": "1-11"'))
    expect(findDrift(OffsetFetchRequest, kafka)).toEqual({
      differences: [],
      notes: ['OffsetFetchRequest: versions 0-9 here, 1-11 in Kafka'],
    })
  })

  test.each([
    ['"apiKey": 9', '"apiKey": 8', 'OffsetFetchRequest: api key is 9 here and 8 in Kafka'],
    ['"6+"', '"5+"', 'OffsetFetchRequest: flexible versions is "6-9" here and "5-9" in Kafka'],
    ['"0-7", "about"', '"0-6", "about"', 'OffsetFetchRequest.groupId: versions is "1-7" here and "1-6" in Kafka'],
    ['"2-7"', '"3-7"', 'OffsetFetchRequest.topics: nullable is "2-7" here and "3-7" in Kafka'],
    ['"bool"', '"int8"', 'OffsetFetchRequest.requireStable: type is "bool" here and "int8" in Kafka'],
    ['"-1"', '"0"', 'OffsetFetchRequest.groups.memberEpoch: default is -1 here and 0 in Kafka'],
    [
      '"null", "ignorable": true',
      '"null"',
      'OffsetFetchRequest.groups.memberId: ignorable is true here and false in Kafka',
    ],
    [
      '"type": "[]int32", "versions": "8+"',
      '"type": "[]int64", "versions": "8+"',
      'OffsetFetchRequest.groups.topics.partitionIndexes: type is "[]int32" here and "[]int64" in Kafka',
    ],
    [
      '"7+",',
      '"7+", "tag": 0, "taggedVersions": "7+",',
      'OffsetFetchRequest.requireStable: tag is null here and 0 in Kafka',
    ],
    [
      '"Name", "type": "string", "versions": "8+"',
      '"Topic", "type": "string", "versions": "8+"',
      'OffsetFetchRequest.groups.topics: the order of fields is ["name","partitionIndexes"] here and ["topic","partitionIndexes"] in Kafka',
    ],
  ])('tells of %s that became %s', (search, replacement, difference) => {
    expect(differencesAfter(search, replacement)).toContain(difference)
  })
})

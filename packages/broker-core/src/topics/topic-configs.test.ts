// Tests of which topic configs are taken and what they ask of the logs.
import { expect, test } from 'vitest'
import { brokerDefaults } from '../broker-defaults.ts'
import { effectiveConfigs, isListConfig, logConfigOf, refusalOfConfigs } from './topic-configs.ts'

test.each([
  ['retention.ms', '-1'],
  ['retention.ms', '9223372036854775807'],
  ['retention.bytes', '0'],
  ['segment.bytes', '14'],
  ['segment.ms', '1'],
  ['index.interval.bytes', '4096'],
  ['max.message.bytes', '2147483647'],
  ['message.timestamp.before.max.ms', '9223372036854775807'],
  ['cleanup.policy', 'delete'],
  ['message.timestamp.type', 'CreateTime'],
  ['compression.type', 'producer'],
  ['min.insync.replicas', '1'],
])('%s may be %s', (name, value) => {
  expect(refusalOfConfigs(new Map([[name, value]]))).toBeNull()
})

test.each([
  ['retention.ms', '-2'],
  ['retention.ms', '9223372036854775808'],
  ['retention.ms', '1e3'],
  ['retention.ms', ''],
  ['retention.ms', ' 1'],
  ['retention.ms', '1\n'],
  ['segment.bytes', '13'],
  ['segment.ms', '0'],
  ['max.message.bytes', '2147483648'],
  ['cleanup.policy', 'compact'],
  ['message.timestamp.type', 'LogAppendTime'],
  ['compression.type', 'zstd'],
  ['min.insync.replicas', '2'],
])('%s may not be %j, and the refusal names both', (name, value) => {
  const refusal = refusalOfConfigs(
    new Map([
      ['segment.ms', '5'],
      [name, value],
    ]),
  )
  expect(refusal).toContain(`${name} cannot be ${JSON.stringify(value)}`)
})

test.each(['retention', '__proto__', 'constructor', ''])('N17: there is no config %j', (name) => {
  expect(refusalOfConfigs(new Map([[name, '1']]))).toContain(`no topic config ${JSON.stringify(name)}`)
})

test('a config without a value is refused', () => {
  expect(refusalOfConfigs(new Map([['retention.ms', null]]))).toContain('retention.ms has no value')
})

test('the logs are asked for what was set, and for ever is a safe integer', () => {
  expect(
    logConfigOf({ 'retention.ms': '9223372036854775807', 'segment.bytes': '1000', 'cleanup.policy': 'delete' }),
  ).toEqual({ retentionMs: Number.MAX_SAFE_INTEGER, segmentBytes: 1000 })
  expect(logConfigOf({ 'retention.bytes': '-1' })).toEqual({ retentionBytes: -1 })
  expect(logConfigOf({})).toEqual({})
})

test('what a topic does not set follows the broker, and each value says where it comes from', () => {
  const settings = { ...brokerDefaults, logSegmentBytes: 5_000 }
  const effective = effectiveConfigs({ 'retention.ms': '7' }, settings)
  const byName = new Map(effective.map((config) => [config.name, config]))
  expect(byName.get('retention.ms')).toEqual({ name: 'retention.ms', value: '7', type: 'long', source: 'topic' })
  expect(byName.get('segment.bytes')).toMatchObject({ value: '5000', type: 'int', source: 'broker' })
  expect(byName.get('segment.ms')).toMatchObject({ value: '604800000', type: 'long', source: 'default' })
  expect(byName.get('cleanup.policy')).toMatchObject({ value: 'delete', type: 'list', source: 'default' })
  expect(refusalOfConfigs(new Map(effective.map(({ name, value }) => [name, value])))).toBeNull()
})

test('only cleanup.policy is a list', () => {
  expect(['cleanup.policy', 'retention.ms', 'constructor'].map(isListConfig)).toEqual([true, false, undefined])
})

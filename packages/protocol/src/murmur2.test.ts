// murmur2 against what kafka-clients 3.9.0 (Java) computes.
import { expect, test } from 'vitest'
import { murmur2, partitionForKey } from './murmur2.ts'

test.each([
  ['', 275646681, 9],
  ['a', -1563381124, 4],
  ['ab', 316155434, 2],
  ['abc', 479470107, 3],
  ['abcd', -1323649548, 8],
  ['21', -973932308, 0],
  ['foobar', -790332482, 6],
  ['a-little-bit-long-string', -985981536, 8],
  ['key-12345', -952703915, 9],
  ['üß€', 1555320969, 9],
])('hashes %j to %i and puts it in partition %i of 12, as the Java client does', (key, hash, partition) => {
  expect(murmur2(Buffer.from(key))).toBe(hash)
  expect(partitionForKey(Buffer.from(key), 12)).toBe(partition)
})

test.each([
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
])("hashes %j to %i, as Kafka's own test says", (key, hash) => {
  expect(murmur2(Buffer.from(key))).toBe(hash)
})

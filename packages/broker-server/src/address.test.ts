// HOST:PORT is read, written and refused as people expect; loopback is recognised in every form that sockets report.
import { describe, expect, it } from 'vitest'
import { Address, isLoopback, parseAddress, withoutIpv4Mapping } from './address.ts'

describe('HOST:PORT', () => {
  it.each([
    ['127.0.0.1:9092', '127.0.0.1', 9092],
    ['localhost:0', 'localhost', 0],
    ['kafka-1.example.com:65535', 'kafka-1.example.com', 65535],
    ['[::1]:9092', '::1', 9092],
    ['[fe80::1%eth0]:9092', 'fe80::1%eth0', 9092],
  ])('%s is read, and written as it was', (text, host, port) => {
    const address = parseAddress(text)
    expect(address).toEqual(new Address(host, port))
    expect(String(address)).toBe(text)
  })

  it.each([
    '',
    '9092',
    ':9092',
    'localhost',
    'localhost:',
    'localhost:65536',
    'localhost:-1',
    '::1:9092',
    'a b:1',
    'x:1:2',
  ])('%j is refused', (text) => {
    expect(parseAddress(text)).toBeNull()
  })
})

describe('loopback', () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('%s reaches this machine only', (ip) => {
    expect(isLoopback(ip)).toBe(true)
  })

  it.each(['0.0.0.0', '::', '10.0.0.1', '::ffff:10.0.0.1', '127.0.0.1.example.com', '1127.0.0.1'])(
    '%s can be reached by others',
    (ip) => {
      expect(isLoopback(ip)).toBe(false)
    },
  )

  it('an IPv4 peer of a dual-stack listener has the same address as on an IPv4 one', () => {
    expect(withoutIpv4Mapping('::ffff:10.1.2.3')).toBe('10.1.2.3')
    expect(withoutIpv4Mapping('2001:db8::1')).toBe('2001:db8::1')
  })
})

// Row N13: what a flood of connections meets, in total, per address and per second.
import { describe, expect, it } from 'vitest'
import { ConnectionCounter } from './connection-limits.ts'

const limits = { maxConnections: 5, maxConnectionsPerIp: 3, maxConnectionCreationRate: 2 }

describe('N13: connection floods', () => {
  it('N13: the total holds for loopback too, and what ends makes room', () => {
    const counter = new ConnectionCounter(limits)
    for (let i = 0; i < 5; i++) expect(counter.admit('127.0.0.1', true, 0)).toBeNull()
    expect(counter.admit('127.0.0.1', true, 0)).toBe('maxConnections')
    counter.release('127.0.0.1')
    expect(counter.admit('127.0.0.1', true, 0)).toBeNull()
    expect(counter.open).toBe(5)
  })

  it('N13: one address may not hold more than its share, and others are not hurt by it', () => {
    const counter = new ConnectionCounter(limits)
    for (const second of [0, 1, 2]) expect(counter.admit('10.0.0.1', false, second * 1000)).toBeNull()
    expect(counter.admit('10.0.0.1', false, 3_000)).toBe('maxConnectionsPerIp')
    expect(counter.admit('10.0.0.2', false, 3_000)).toBeNull()
    counter.release('10.0.0.1')
    expect(counter.admit('10.0.0.1', false, 4_000)).toBeNull()
  })

  it('N13: one address may not connect faster than the rate, and may again in the next second', () => {
    const counter = new ConnectionCounter(limits)
    expect(counter.admit('10.0.0.1', false, 100)).toBeNull()
    counter.release('10.0.0.1')
    expect(counter.admit('10.0.0.1', false, 200)).toBeNull()
    counter.release('10.0.0.1')
    expect(counter.admit('10.0.0.1', false, 999)).toBe('maxConnectionCreationRate')
    expect(counter.admit('10.0.0.2', false, 999)).toBeNull()
    expect(counter.admit('10.0.0.1', false, 1_000)).toBeNull()
  })

  it('N13: loopback is not counted per address', () => {
    const counter = new ConnectionCounter({ ...limits, maxConnections: 100 })
    for (let i = 0; i < 100; i++) expect(counter.admit('127.0.0.1', true, 0)).toBeNull()
  })

  it('N13: the process’s own limit lowers the total, never raises it', () => {
    const counter = new ConnectionCounter(limits)
    counter.capAt(100)
    counter.capAt(1)
    expect(counter.admit('127.0.0.1', true, 0)).toBeNull()
    expect(counter.admit('127.0.0.1', true, 0)).toBe('maxConnections')
  })
})

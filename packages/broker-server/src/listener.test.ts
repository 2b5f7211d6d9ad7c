// The TCP door by itself: where it listens, what it tells the broker about a socket, and how it closes.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Peer } from '@goqueue/broker-core'
import { afterEach, describe, expect, it } from 'vitest'
import { Address } from './address.ts'
import type { ServerEvent } from './event.ts'
import { ListenError } from './listen-error.ts'
import { listen, type Listener, type ListenOptions } from './listener.ts'

/** What the listener sees of a broker: something that takes wires over. This one echoes, so that a test can speak. */
class Echo {
  readonly peers: Peer[] = []

  serve(wire: Duplex, peer: Peer): void {
    this.peers.push(peer)
    wire.on('error', () => wire.destroy())
    wire.pipe(wire)
  }
}

const opened: Listener[] = []
afterEach(async () => {
  for (const listener of opened.splice(0)) await listener.close()
})

async function open(options: ListenOptions = {}, echo = new Echo()): Promise<Listener> {
  const listener = await listen(echo, options)
  opened.push(listener)
  return listener
}

async function dial({ host, port }: Address): Promise<Socket> {
  const socket = connect({ host, port })
  socket.on('error', () => {}) // a cut connection may read as a reset; tests wait for 'close'
  await once(socket, 'connect')
  return socket
}

async function echoed(socket: Socket, text: string): Promise<string> {
  const answer = once(socket, 'data')
  socket.write(text)
  const [chunk] = (await answer) as [Buffer]
  return chunk.toString()
}

describe('where it listens', () => {
  it('by default on loopback, on a free port, and says which', async () => {
    const { address } = await open()
    expect(address.host).toBe('127.0.0.1')
    expect(address.port).toBeGreaterThan(0)
    expect(`${address}`).toBe(`127.0.0.1:${address.port}`)
    expect(await echoed(await dial(address), 'hello')).toBe('hello')
  })

  it('a taken port is refused with one sentence that names it', async () => {
    const { address } = await open()
    await expect(open({ port: address.port })).rejects.toThrow(
      `${address} is taken: another process listens there. Choose another port, or 0 for any free one.`,
    )
  })

  it.each(['0.0.0.0', '::', '10.11.12.13'])('%s is refused without insecure', async (host) => {
    const error = await open({ host }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ListenError)
    expect(error).toMatchObject({ code: 'NOT_LOOPBACK' })
    expect((error as Error).message).toContain(`${new Address(host, 0)} can be reached from other machines`)
  })

  it('a name is judged by what it means', async () => {
    const { address } = await open({ host: 'localhost' })
    expect(address.host).toBe('localhost')
    expect(await echoed(await dial(address), 'hello')).toBe('hello')
  })

  it('an address of another machine is refused with one sentence', async () => {
    await expect(open({ host: '192.0.2.1', insecure: true })).rejects.toThrow(
      '192.0.2.1 is not an address of this machine.',
    )
  })
})

describe('what the broker is told', () => {
  it('by default, a client is told the address that it connected to', async () => {
    const echo = new Echo()
    const { address } = await open({ host: '0.0.0.0', insecure: true }, echo)
    await echoed(await dial(new Address('127.0.0.1', address.port)), 'x')
    await echoed(await dial(new Address('127.0.0.2', address.port)), 'x')
    expect(echo.peers).toEqual([
      { remoteAddress: '127.0.0.1', advertised: { host: '127.0.0.1', port: address.port } },
      { remoteAddress: '127.0.0.1', advertised: { host: '127.0.0.2', port: address.port } },
    ])
  })

  it('an advertised address is told to everyone', async () => {
    const echo = new Echo()
    const advertise = { host: 'kafka.example.com', port: 19_092 }
    await echoed(await dial((await open({ advertise }, echo)).address), 'x')
    expect(echo.peers).toEqual([{ remoteAddress: '127.0.0.1', advertised: advertise }])
  })
})

describe('limits', () => {
  it('N13: beyond maxConnections a connection is closed at once, the others live on, and it is reported once', async () => {
    const events: ServerEvent[] = []
    const listener = await open({ maxConnections: 2, report: (event) => events.push(event) })
    const first = await dial(listener.address)
    await echoed(first, 'x')
    const second = await dial(listener.address)
    await echoed(second, 'x')
    for (let i = 0; i < 3; i++) await once(await dial(listener.address), 'close')
    expect(await echoed(first, 'still here')).toBe('still here')
    expect(listener.connectionCount).toBe(2)
    expect(events).toMatchObject([{ kind: 'connection-refused', limit: 'maxConnections', remoteAddress: '127.0.0.1' }])

    second.destroy()
    await once(second, 'close')
    for (let answer = ''; answer !== 'x';) answer = await Promise.race([echoOrEnd(await dial(listener.address))])
  })

  it('N13: more connections than the process has file descriptors for are not promised', async () => {
    const reported = new Promise<ServerEvent>((resolve) => void open({ maxConnections: 1e9, report: resolve }))
    expect(await reported).toMatchObject({ kind: 'few-file-descriptors', level: 'warn' })
  })
})

/** 'x', or '' when the other side had not yet noticed that there is room again. */
async function echoOrEnd(socket: Socket): Promise<string> {
  const end = once(socket, 'close').then(() => '')
  return Promise.race([echoed(socket, 'x').catch(() => ''), end])
}

describe('close', () => {
  it('cuts what is connected, and the port is free again', async () => {
    const listener = await open()
    const socket = await dial(listener.address)
    await echoed(socket, 'x')
    const cut = once(socket, 'close')
    await listener.close()
    await cut
    expect(listener.connectionCount).toBe(0)
    await open({ port: listener.address.port })
  })

  it('with drainMs lets connections end by themselves, while no new one is taken', async () => {
    const listener = await open()
    const socket = await dial(listener.address)
    await echoed(socket, 'x')
    const closed = listener.close({ drainMs: 60_000 })
    const [error] = (await once(connect(listener.address.port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
    expect(await echoed(socket, 'still served')).toBe('still served')
    socket.end()
    await closed
  })

  it('may be called twice', async () => {
    const listener = await open()
    await Promise.all([listener.close(), listener.close()])
  })
})

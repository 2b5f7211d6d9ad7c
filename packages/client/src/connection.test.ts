// tests of one connection, against brokers that behave as no honest one does
import { encodeResponse } from '@goqueue/protocol'
import { VirtualRuntime } from '@goqueue/broker-core/testing'
import { describe, expect, it } from 'vitest'
import { EVERY_API, frameOf, ScriptedBroker, type ScriptedRequest } from '../test/scripted-broker.ts'
import { Connection, type ConnectionOptions, type Dial } from './connection.ts'

const runtime = new VirtualRuntime()
const turns = async () => {
  for (let i = 0; i < 8; i++) await new Promise((resume) => setImmediate(resume))
}

function open(dial: Dial, options: Partial<ConnectionOptions> = {}): Promise<Connection> {
  return Connection.open({
    address: { host: 'b', port: 9092 },
    dial,
    clientId: 'test',
    runtime,
    timeoutMs: 1_000,
    purpose: 'call',
    ...options,
  })
}

const heartbeat = { groupId: 'g', generationId: 1, memberId: 'm' }

describe('versions', () => {
  it('the highest that both ends speak is chosen', async () => {
    const broker = new ScriptedBroker({
      ApiVersions: (request) =>
        request.answer({
          apiKeys: [
            { apiKey: 12, minVersion: 0, maxVersion: 2 },
            { apiKey: 0, minVersion: 9, maxVersion: 99 },
          ],
        }),
    })
    const connection = await open(broker.dial)
    expect(connection.version('Heartbeat')).toBe(2)
    expect(connection.version('Produce')).toBe(11)
    expect(connection.version('Produce', 10)).toBe(10)
  })

  it('an API that shares no version with us is an error that says what both speak', async () => {
    const broker = new ScriptedBroker({
      ApiVersions: (request) => request.answer({ apiKeys: [{ apiKey: 0, minVersion: 0, maxVersion: 2 }] }),
    })
    const connection = await open(broker.dial)
    expect(() => connection.version('Produce')).toThrow(/b:9092 offers versions 0 to 2, this client speaks 3 to 11/)
    expect(() => connection.version('Fetch')).toThrow(/does not offer it/)
    expect(connection.supports('Produce')).toBe(false)
    await expect(connection.request('Heartbeat', heartbeat)).rejects.toMatchObject({
      code: 'UNSUPPORTED_VERSION',
      errorCode: 1,
    })
  })

  it('KIP-511: a broker that answers UNSUPPORTED_VERSION in v0 is asked again in a version it offers', async () => {
    const broker = new ScriptedBroker({
      ApiVersions: (request) => {
        if (request.version < 3) request.answer({ apiKeys: EVERY_API })
        else {
          const apiKeys = [{ apiKey: 18, minVersion: 0, maxVersion: 2 }]
          request.send(
            encodeResponse('ApiVersions', 0, request.correlationId, { errorCode: 'UNSUPPORTED_VERSION', apiKeys }),
          )
        }
      },
    })
    const connection = await open(broker.dial)
    expect(broker.requests.map(({ version }) => version)).toEqual([3, 2])
    expect(connection.version('Heartbeat')).toBe(4)
  })
})

describe('answers', () => {
  it('pipelined requests get their answers in order', async () => {
    const held: ScriptedRequest<'Heartbeat'>[] = []
    const broker = new ScriptedBroker({ Heartbeat: (request) => held.push(request) })
    const connection = await open(broker.dial)
    const answers = Promise.all([1, 2, 3].map(() => connection.request('Heartbeat', heartbeat)))
    await turns()
    expect(held).toHaveLength(3)
    held.forEach((request, index) => request.answer({ throttleTimeMs: index }))
    expect((await answers).map(({ throttleTimeMs }) => throttleTimeMs)).toEqual([0, 1, 2])
  })

  it('none in time closes the connection; what waited behind it fails as a broken connection does', async () => {
    const connection = await open(new ScriptedBroker({}).dial)
    const first = connection.request('Heartbeat', heartbeat, { timeoutMs: 100 })
    const second = connection.request('Heartbeat', heartbeat)
    const outcomes = Promise.allSettled([first, second])
    await turns()
    runtime.advance(99)
    await turns()
    expect(connection.isOpen).toBe(true)
    runtime.advance(1)
    expect(await outcomes).toMatchObject([
      { reason: { name: 'RequestTimeoutError', code: 'REQUEST_TIMEOUT' } },
      { reason: { name: 'ConnectionError', code: 'CONNECTION_FAILED' } },
    ])
    expect(connection.isOpen).toBe(false)
  })

  it('a signal ends the wait and leaves the connection to others', async () => {
    const held: ScriptedRequest<'Heartbeat'>[] = []
    const connection = await open(new ScriptedBroker({ Heartbeat: (request) => held.push(request) }).dial)
    const controller = new AbortController()
    const first = connection.request('Heartbeat', heartbeat, { signal: controller.signal })
    const second = connection.request('Heartbeat', heartbeat)
    await turns()
    controller.abort(new Error('enough'))
    await expect(first).rejects.toThrow('enough')
    for (const request of held) request.answer({ throttleTimeMs: 7 })
    expect((await second).throttleTimeMs).toBe(7)
  })

  it('the broker that hangs up is a ConnectionError, which is retriable', async () => {
    const connection = await open(new ScriptedBroker({ Heartbeat: (request) => request.cut() }).dial)
    await expect(connection.request('Heartbeat', heartbeat)).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      retriable: true,
    })
  })
})

describe('N22: a hostile broker costs its own connection, and gets a typed error', () => {
  it.each<[string, (request: ScriptedRequest<'Heartbeat'>) => Buffer]>([
    ['an answer cut short', ({ correlationId }) => frameOf(correlationId, Buffer.from([0, 0]))],
    ['an answer with bytes left over', ({ correlationId }) => frameOf(correlationId, Buffer.alloc(40))],
    ['a negative size', () => Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['a size beyond any answer', () => Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    ['a size too small for a header', () => Buffer.from([0, 0, 0, 1, 0])],
    ["another request's correlation id", ({ correlationId }) => frameOf(correlationId + 1, Buffer.alloc(8))],
    ['HTTP', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('%s', async (_, bytes) => {
    const broker = new ScriptedBroker({ Heartbeat: (request) => request.send(bytes(request)) })
    const connection = await open(broker.dial)
    await expect(connection.request('Heartbeat', heartbeat)).rejects.toMatchObject({
      code: 'DECODE_ERROR',
      errorCode: 1,
    })
    expect(connection.isOpen).toBe(false)
  })

  it('what stands behind an answer that cannot be read is not believed', async () => {
    const frames: Buffer[] = []
    const broker = new ScriptedBroker({
      Heartbeat: (request) => {
        const { correlationId } = request
        const isFirst = frames.length === 0
        frames.push(
          isFirst ? frameOf(correlationId, Buffer.alloc(40)) : encodeResponse('Heartbeat', 4, correlationId, {}),
        )
        if (!isFirst) request.send(Buffer.concat(frames))
      },
    })
    const connection = await open(broker.dial)
    const answers = [connection.request('Heartbeat', heartbeat), connection.request('Heartbeat', heartbeat)]
    const [first, second] = await Promise.allSettled(answers)
    expect(first).toMatchObject({ reason: { code: 'DECODE_ERROR' } })
    expect(second).toMatchObject({ reason: { code: 'CONNECTION_FAILED' } })
    expect(connection.isOpen).toBe(false)
  })

  it('an answer that nobody asked for', async () => {
    const broker = new ScriptedBroker({
      Heartbeat: (request) => {
        request.answer({})
        request.send(frameOf(99, Buffer.alloc(8)))
      },
    })
    const connection = await open(broker.dial)
    await connection.request('Heartbeat', heartbeat)
    await turns()
    expect(connection.isOpen).toBe(false)
  })

  it('an array longer than its frame', async () => {
    const broker = new ScriptedBroker({
      ApiVersions: (request) =>
        request.send(frameOf(request.correlationId, Buffer.from([0, 0, 0xff, 0xff, 0xff, 0xff, 0x07]))),
    })
    await expect(open(broker.dial)).rejects.toMatchObject({ code: 'DECODE_ERROR' })
  })

  it('nothing at all', async () => {
    const opening = open(new ScriptedBroker({ ApiVersions: () => {} }).dial)
    const outcome = expect(opening).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' })
    await turns()
    runtime.advance(1_000)
    await outcome
  })
})

describe('dialling', () => {
  it('that fails is a ConnectionError that names the broker and the cause', async () => {
    const dial = () => {
      throw new Error('no route')
    }
    await expect(open(dial)).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      message: 'cannot connect to b:9092: no route',
    })
  })

  it('that takes too long is given up, and a wire that comes late is dropped', async () => {
    let arrive: (wire: ReturnType<ScriptedBroker['dial']>) => void = () => {}
    const opening = open(() => new Promise((resolve) => (arrive = resolve)))
    const outcome = expect(opening).rejects.toMatchObject({ code: 'CONNECTION_FAILED' })
    runtime.advance(1_000)
    await outcome
    const late = new ScriptedBroker({}).dial()
    arrive(late)
    await turns()
    expect(late.destroyed).toBe(true)
  })
})

// Precedence of flags, environment, file and defaults, and the sentences for what cannot be used.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Address } from './address.ts'
import { parseFlags } from './flags.ts'
import { serverDefaults } from './server-settings.ts'
import { resolveSettings } from './settings.ts'
import { UsageError } from './usage-error.ts'

let directory: string
let file: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'goqueue-settings-'))
  file = join(directory, 'broker.json')
})
afterAll(() => rmSync(directory, { recursive: true }))

function withFile(content: unknown): string[] {
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return ['--config', file]
}

const resolve = (args: string[], environment: NodeJS.ProcessEnv = {}) => resolveSettings(parseFlags(args), environment)

describe('precedence', () => {
  it('without anything given, the defaults stand', async () => {
    const { server, broker } = await resolve([])
    expect(server).toEqual(serverDefaults)
    expect(broker).toEqual({ dataDir: './data' })
  })

  it('the file wins over the defaults, the environment over the file, flags over the environment', async () => {
    const args = withFile({ listen: '127.0.0.1:1', 'log.level': 'warn', 'max.connections': 7, 'group.max.size': 3 })
    const environment = { GOQUEUE_LISTEN: '127.0.0.1:2', GOQUEUE_LOG_LEVEL: 'error', GOQUEUE_GROUP_MAX_SIZE: '4' }
    const { server, broker } = await resolve([...args, '--listen', '127.0.0.1:3'], environment)
    expect(server.listen).toEqual(new Address('127.0.0.1', 3))
    expect(server.logLevel).toBe('error')
    expect(server.maxConnections).toBe(7)
    expect(broker).toEqual({ groupMaxSize: 4, dataDir: './data' })
  })

  it('a data directory that is named nearer wins over memory, and the other way round', async () => {
    const inMemory = withFile({ memory: true })
    expect((await resolve([...inMemory, '--data-dir', 'd'])).broker).toEqual({ dataDir: 'd' })
    expect((await resolve(inMemory, { GOQUEUE_DATA_DIR: 'e' })).broker).toEqual({ dataDir: 'e' })
    const inDirectory = withFile({ 'data.dir': 'd' })
    expect((await resolve([...inDirectory, '--memory'])).broker).toEqual({ memory: true })
  })
})

describe('the environment', () => {
  it('numbers and booleans are read as such where the setting is one', async () => {
    const environment = {
      GOQUEUE_INSECURE: 'true',
      GOQUEUE_MAX_CONNECTIONS: '12',
      GOQUEUE_AUTO_CREATE_TOPICS_ENABLE: 'true',
      GOQUEUE_LOG_RETENTION_BYTES: '-1',
    }
    const { server, broker } = await resolve([], environment)
    expect(server).toMatchObject({ insecure: true, maxConnections: 12 })
    expect(broker).toMatchObject({ autoCreateTopicsEnable: true, logRetentionBytes: -1 })
  })

  it('variables that mean nothing are told, not refused', async () => {
    const { unknownVariables } = await resolve([], { GOQUEUE_PORT: 'tcp://10.0.0.1:9092', PATH: '/bin' })
    expect(unknownVariables).toEqual(['GOQUEUE_PORT'])
  })

  it('a value that cannot be used names its variable', async () => {
    await expect(resolve([], { GOQUEUE_INSECURE: 'yes' })).rejects.toThrow(
      new UsageError('GOQUEUE_INSECURE cannot be "yes": expected true or false.'),
    )
  })
})

describe('the configuration file', () => {
  it.each([
    [{ 'group.max.sise': 3 }, "FILE: there is no key 'group.max.sise'; the nearest is 'group.max.size'."],
    [{ groupMaxSize: 3 }, "FILE: there is no key 'groupMaxSize'; the nearest is 'group.max.size'."],
    ['{"__proto__": 1}', /^FILE: there is no key '__proto__'; the nearest is '/],
    [{ listen: 9092 }, "FILE: key 'listen' cannot be 9092: expected HOST:PORT, as text."],
    [{ listen: 'x' }, 'FILE: key \'listen\' cannot be "x": expected HOST:PORT, such as 127.0.0.1:9092 or [::1]:9092.'],
    [
      { advertise: 'a:0' },
      'FILE: key \'advertise\' cannot be "a:0": expected HOST:PORT with a port that clients can connect to, so not 0.',
    ],
    [{ 'log.level': 'loud' }, 'FILE: key \'log.level\' cannot be "loud": expected one of debug, info, warn, error.'],
    [{ 'max.connections': 0 }, "FILE: key 'max.connections' cannot be 0: expected a whole number from 1 to 1000000."],
    [{ memory: true, 'data.dir': 'd' }, "FILE: key 'memory': true excludes 'data.dir': choose one of them."],
    [[1], 'FILE: a configuration file is one JSON object, such as { "data.dir": "/var/lib/goqueue" }.'],
    ['{,}', /^FILE: the configuration file is not JSON: .+\.$/],
  ])('%j is refused with one sentence that names file and key', async (content, sentence) => {
    const args = withFile(content)
    const error = await resolve(args).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UsageError)
    const message = (error as Error).message.replaceAll(file, 'FILE')
    if (sentence instanceof RegExp) expect(message).toMatch(sentence)
    else expect(message).toBe(sentence)
  })

  it('a file that is not there, and one that cannot be read, are named', async () => {
    await expect(resolve(['--config', '/no/such/file'])).rejects.toThrow(
      new UsageError('/no/such/file: there is no such configuration file.'),
    )
    await expect(resolve(['--config', directory])).rejects.toThrow(
      `${directory}: the configuration file cannot be read: EISDIR`,
    )
  })
})

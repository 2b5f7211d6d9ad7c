// goqueue-broker as a process: the ready line, the log, each way to end, each way not to start.
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { eventsIn, killAll, startBroker } from './broker-process.ts'
import { apiVersions, brokerIn, dial, joinGroup, metadata, response } from './raw-requests.ts'

vi.setConfig({ testTimeout: 60_000 }) // a process that starts from the sources on a busy machine takes a while

const IN_MEMORY = ['--memory', '--listen', '127.0.0.1:0']

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'goqueue-broker-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))
afterEach(killAll)

function configFile(content: unknown): string {
  const file = join(directory, 'broker.json')
  writeFileSync(file, JSON.stringify(content))
  return file
}

describe('a start', () => {
  it('says one line on stdout when it serves, logs JSON on stderr, and SIGTERM ends it with 0', async () => {
    const broker = startBroker(['--data-dir', join(directory, 'data'), '--listen', '127.0.0.1:0'])
    const address = await broker.ready
    const socket = await dial(address)
    socket.write(apiVersions(7))
    expect((await response(socket)).correlationId).toBe(7)

    broker.kill('SIGTERM')
    const { exitCode, stdout, stderr } = await broker.ended
    expect(exitCode).toBe(0)
    expect(stdout).toBe(`goqueue-broker ready on 127.0.0.1:${address.port}\n`)
    const events = eventsIn(stderr)
    expect(events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['ready', 'stopping', 'stopped']))
    for (const { level, time, message } of events) {
      expect(['debug', 'info', 'warn', 'error']).toContain(level)
      expect(new Date(time as string).toISOString()).toBe(time)
      expect(message).toMatch(/\S/)
    }
  })

  it('loads neither the log library, nor the validator, nor what serves metrics before it is ready', async () => {
    const sayImports = new URL('./say-imports.mjs', import.meta.url).href
    const broker = startBroker(IN_MEMORY, { preload: [sayImports] })
    await broker.ready
    await broker.logged('ready')
    broker.kill('SIGTERM')
    const { stdout } = await broker.ended
    const [before = '', after = ''] = stdout.split('goqueue-broker ready on')
    expect(before).toContain('import @goqueue/broker-core\n')
    expect(stdout).not.toMatch(/^import (zod|yargs|prom-client|node:https?)$/m)
    expect(before).not.toContain('import pino\n')
    expect(after).toContain('import pino\n')
  })

  it('flags win over the environment, and that over the file', async () => {
    const file = configFile({ listen: '192.0.2.1:9092', 'log.level': 'debug', memory: true })
    const broker = startBroker(['--config', file, '--listen', '127.0.0.1:0'], {
      environment: { GOQUEUE_LISTEN: '192.0.2.2:9092', GOQUEUE_LOG_LEVEL: 'error' },
    })
    expect((await broker.ready).host).toBe('127.0.0.1')
    broker.kill('SIGTERM')
    expect(await broker.ended).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it('tells clients the advertised address, or else the one they connected to', async () => {
    for (const [flags, expected] of [
      [[], null],
      [['--advertise', 'kafka.example.com:19092'], { host: 'kafka.example.com', port: 19_092 }],
    ] as const) {
      const broker = startBroker([...IN_MEMORY, ...flags])
      const address = await broker.ready
      const socket = await dial(address)
      socket.write(metadata(1, 'no-such-topic'))
      expect(brokerIn((await response(socket)).body)).toEqual({ nodeId: 1, ...(expected ?? address) })
      socket.destroy()
    }
  })

  it('--help and --version print and exit', async () => {
    const help = await startBroker(['--help']).ended
    expect(help).toMatchObject({ exitCode: 0, stderr: '' })
    expect(help.stdout).toContain('--listen HOST:PORT')
    expect(await startBroker(['--version']).ended).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/) as string,
    })
  })
})

describe('a start that does not succeed says one sentence and exits non-zero', () => {
  it('for a taken port', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const outcome = await startBroker(['--memory', '--listen', `127.0.0.1:${port}`]).ended
    other.close()
    expect(outcome).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: `goqueue-broker: 127.0.0.1:${port} is taken: another process listens there. Choose another port, or 0 for any free one.\n`,
    })
  })

  it('for a data directory that another broker has', async () => {
    const dataDir = join(directory, 'locked')
    await startBroker(['--data-dir', dataDir, '--listen', '127.0.0.1:0']).ready
    const outcome = await startBroker(['--data-dir', dataDir, '--listen', '127.0.0.1:0']).ended
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' })
    expect(outcome.stderr).toMatch(/^goqueue-broker: The data directory \S+locked is in use .+\.\n$/)
  })

  it('for a data directory that cannot be written', async () => {
    const file = configFile({})
    const outcome = await startBroker(['--data-dir', join(file, 'data'), '--listen', '127.0.0.1:0']).ended
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' })
    expect(outcome.stderr).toMatch(/^goqueue-broker: .*ENOTDIR.*\n$/)
  })

  it('for a data directory below one that takes no others', async () => {
    const outcome = await startBroker(['--data-dir', '/proc/goqueue/data', '--listen', '127.0.0.1:0']).ended
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' })
    expect(outcome.stderr).toMatch(/^goqueue-broker: open the data directory \/proc\/goqueue\/data: .*mkdir.*\n$/)
  })

  it('for an address that others can reach, without --insecure, before it touches a disk', async () => {
    const dataDir = join(directory, 'untouched')
    const outcome = await startBroker(['--data-dir', dataDir, '--listen', '0.0.0.0:0']).ended
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '' })
    expect(outcome.stderr).toMatch(/^goqueue-broker: 0\.0\.0\.0:0 can be reached from other machines.+--insecure.+\n$/)
    expect(existsSync(dataDir)).toBe(false)
  })

  it('for a configuration file that is not there', async () => {
    const outcome = await startBroker(['--config', '/no/such/broker.json']).ended
    const stderr = 'goqueue-broker: /no/such/broker.json: there is no such configuration file.\n'
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '', stderr })
  })

  it.each([
    ['listen', 'x', 'expected HOST:PORT, such as 127.0.0.1:9092 or [::1]:9092'],
    ['flush', 'never', 'invalid option: expected one of "durable"|"os"'],
  ])('for a configuration whose %s is %j', async (key, value, expected) => {
    const file = configFile({ [key]: value })
    const outcome = await startBroker(['--config', file, '--memory']).ended
    const stderr = `goqueue-broker: ${file}: key '${key}' cannot be "${value}": ${expected}.\n`
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '', stderr })
  })

  it('for an unknown flag', async () => {
    const outcome = await startBroker(['--prot', '9092']).ended
    const stderr = "goqueue-broker: Unknown option '--prot'; goqueue-broker --help lists the flags.\n"
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '', stderr })
  })
})

describe('an end', () => {
  it('SIGTERM answers a request that is held, then ends the connection and the process', async () => {
    const broker = startBroker(IN_MEMORY, {
      environment: { GOQUEUE_GROUP_INITIAL_REBALANCE_DELAY_MS: '600000' },
    })
    const socket = await dial(await broker.ready)
    socket.write(Buffer.concat([apiVersions(1), joinGroup(2, 'group', 60_000)]))
    await response(socket) // the join follows it at once, and is held: the group waits for more members

    broker.kill('SIGTERM')
    expect((await response(socket)).correlationId).toBe(2)
    await once(socket, 'close')
    expect((await broker.ended).exitCode).toBe(0)
  })

  it('a second signal ends it at once, and with 1', async () => {
    const broker = startBroker(IN_MEMORY)
    await broker.ready
    broker.kill('SIGSTOP') // so that both are there when it looks
    broker.kill('SIGTERM')
    broker.kill('SIGINT')
    broker.kill('SIGCONT')
    expect((await broker.ended).exitCode).toBe(1)
  })

  it('a start that hangs on its disk ends too, some time after SIGTERM', async () => {
    const fault = `data:text/javascript,
      import disk from 'node:fs/promises'
      import { syncBuiltinESMExports } from 'node:module'
      const { setTimeout: setRealTimeout } = globalThis
      globalThis.setTimeout = (act, ms) => setRealTimeout(act, ms / 100)
      setInterval(() => {}, 1_000) // as the call that hangs would, it keeps the process
      for (const name of ['mkdir', 'stat']) disk[name] = () => {
        process.stderr.write('{"kind":"hangs"}\\n')
        return new Promise(() => {})
      }
      syncBuiltinESMExports()`
    const dataDir = join(directory, 'hangs')
    const broker = startBroker(['--data-dir', dataDir, '--listen', '127.0.0.1:0'], { preload: [encodeURI(fault)] })
    await broker.logged('hangs')
    broker.kill('SIGTERM')
    expect(await broker.ended).toMatchObject({ exitCode: 1, stdout: '' })
  })

  it('SIGINT is as good as SIGTERM', async () => {
    const broker = startBroker(IN_MEMORY)
    await broker.ready
    broker.kill('SIGINT')
    expect((await broker.ended).exitCode).toBe(0)
  })

  it('an uncaught exception is logged and ends it with 1', async () => {
    const fault = 'data:text/javascript,process.on("SIGUSR2",()=>{throw new Error("planted")})'
    const broker = startBroker(IN_MEMORY, { preload: [fault] })
    await broker.ready
    broker.kill('SIGUSR2')
    const { exitCode, stderr } = await broker.ended
    expect(exitCode).toBe(1)
    expect(eventsIn(stderr).at(-1)).toMatchObject({ kind: 'crash', level: 'error', message: 'planted' })
  })
})

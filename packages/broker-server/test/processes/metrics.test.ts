// goqueue-broker --metrics as a process: what it serves, what it loads, and where it refuses to listen.
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { parseScrape } from '../scraped.ts'
import { killAll, startBroker, type BrokerProcess } from './broker-process.ts'
import { apiVersions, dial, response } from './raw-requests.ts'

vi.setConfig({ testTimeout: 60_000 }) // a process that starts from the sources on a busy machine takes a while

const WITH_METRICS = ['--memory', '--listen', '127.0.0.1:0', '--metrics', '127.0.0.1:0']

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'goqueue-metrics-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))
afterEach(killAll)

async function metricsUrl(broker: BrokerProcess): Promise<string> {
  const { address } = await broker.logged('metrics-ready')
  return `http://${String(address)}`
}

describe('goqueue-broker --metrics', () => {
  it('serves metrics of the process that clients are connected to', async () => {
    const broker = startBroker(WITH_METRICS)
    const socket = await dial(await broker.ready)
    socket.write(apiVersions(1))
    await response(socket)
    const url = await metricsUrl(broker)
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    const { value, of } = parseScrape(await (await fetch(`${url}/metrics`)).text())
    expect(value('goqueue_connections')).toBe(1)
    expect(value('goqueue_requests_total', { api: 'ApiVersions' })).toBe(1)
    expect(value('goqueue_process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
    expect(value('goqueue_event_loop_delay_seconds', { quantile: '1' })).toBeGreaterThanOrEqual(0)
    expect(Math.abs(value('goqueue_process_start_time_seconds') - Date.now() / 1000)).toBeLessThan(600)
    expect(of('goqueue_build_info')[0]?.labels['node']).toBe(process.version)

    broker.kill('SIGTERM')
    expect(await broker.ended).toMatchObject({ exitCode: 0, stdout: expect.not.stringContaining('metrics') as string })
  })

  it('says how much room the disk under its data directory has', async () => {
    const dataDir = join(directory, 'with-room')
    const broker = await started(['--data-dir', dataDir, '--listen', '127.0.0.1:0', '--metrics', '127.0.0.1:0'])
    const { value } = parseScrape(await (await fetch(`${await metricsUrl(broker)}/metrics`)).text())
    const { bavail, bsize } = statfsSync(dataDir)
    expect(value('goqueue_disk_free_bytes') / (bavail * bsize)).toBeCloseTo(1, 0)
  })

  it('loads what serves them from Node and npm only when it is given', async () => {
    const preload = [new URL('./say-imports.mjs', import.meta.url).href]
    const broker = startBroker(WITH_METRICS, { preload })
    await broker.ready
    broker.kill('SIGTERM')
    const { stdout } = await broker.ended
    expect(stdout).toMatch(/^import prom-client$/m)
    expect(stdout).toMatch(/^import node:http$/m)
  })

  it('refuses an address that others can reach, without --insecure, before it touches a disk', async () => {
    const dataDir = join(directory, 'untouched')
    const flags = ['--data-dir', dataDir, '--listen', '127.0.0.1:0', '--metrics', '0.0.0.0:0']
    const outcome = await startBroker(flags).ended
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '' })
    expect(outcome.stderr).toMatch(/^goqueue-broker: 0\.0\.0\.0:0 can be reached from other machines.+--insecure.+\n$/)
    expect(existsSync(dataDir)).toBe(false)
  })

  it('a taken port stops the start', async () => {
    const url = await metricsUrl(await started())
    const flags = ['--memory', '--listen', '127.0.0.1:0', '--metrics', url.slice('http://'.length)]
    const outcome = await startBroker(flags).ended
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' })
    expect(outcome.stderr).toMatch(/^goqueue-broker: 127\.0\.0\.1:\d+ is taken: another process listens there\..+\n$/)
  })

  it('the environment can ask for them as well', async () => {
    const broker = await started(['--memory', '--listen', '127.0.0.1:0'], { GOQUEUE_METRICS: '127.0.0.1:0' })
    expect((await fetch(`${await metricsUrl(broker)}/healthz`)).status).toBe(200)
  })
})

async function started(flags: readonly string[] = WITH_METRICS, environment = {}): Promise<BrokerProcess> {
  const broker = startBroker(flags, { environment })
  await broker.ready
  return broker
}

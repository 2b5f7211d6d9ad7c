// A server from start to end, as monitoring sees it.
import { expect, it } from 'vitest'
import type { ServerEvent } from './event.ts'
import { parseFlags } from './flags.ts'
import { startServer, stopServer } from './lifecycle.ts'
import { resolveSettings } from './settings.ts'

async function start(flags: readonly string[], events: ServerEvent[] = []) {
  const settings = await resolveSettings(parseFlags(['--memory', '--listen', '127.0.0.1:0', ...flags]), {})
  return startServer(settings, (event) => events.push(event))
}

it('says that it drains as soon as it is stopped, and answers nobody once it has', async () => {
  const events: ServerEvent[] = []
  const server = await start(['--metrics', '127.0.0.1:0'], events)
  const address = events.find(({ kind }) => kind === 'metrics-ready')?.['address']
  const url = `http://${String(address)}/readyz`
  expect((await fetch(url)).status).toBe(200)
  const stopped = stopServer(server, 1_000)
  expect(server.monitoring?.unreadyReason()).toBe('draining')
  await stopped
  await expect(fetch(url)).rejects.toThrow()
})

it('without --metrics there is nobody to ask', async () => {
  const server = await start([])
  expect(server.monitoring).toBeNull()
  await stopServer(server, 0)
})

it('gives the address back when the broker cannot be had', async () => {
  const events: ServerEvent[] = []
  const server = await start([], events)
  const taken = ['--listen', String(server.listener.address), '--metrics', '127.0.0.1:0']
  await expect(start(taken, events)).rejects.toThrow('is taken')
  const address = events.find(({ kind }) => kind === 'metrics-ready')?.['address']
  await expect(fetch(`http://${String(address)}/healthz`)).rejects.toThrow()
  await stopServer(server, 0)
})

// Where no broker answers, an example says so, and how to start one.
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { beforeAll, expect, test } from 'vitest'
import { runExample } from './run-example.ts'

let address = ''

/** A port that has just been given back. */
beforeAll(async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  server.close()
  await once(server, 'close')
})

test('each ends with one sentence', async () => {
  const names = [
    '01-basic-use',
    '02-several-consumers',
    '03-offset-management',
    '04-typed-worker',
    '05-cooperative-deploys',
  ]
  const all = await Promise.all(names.map((name) => runExample(name, address))) // each tries for 10 seconds
  for (const ended of all) {
    expect(ended).toMatchObject({
      exitCode: 1,
      signal: null,
      lines: [],
      stderr: `no broker at ${address}: start one with npx goqueue-broker --data-dir ./data\n`,
    })
  }
})

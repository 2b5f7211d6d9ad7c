// The service with a broker inside: what it answers, and what it has done by the time that it is closed.
import { expect, test } from 'vitest'
import { runExample, WELL } from './run-example.ts'

test('a service answers when an order is on the disk, prepares it, closes, and goes on after a restart', async () => {
  const ended = await runExample('06-fastify-service')

  expect(ended).toMatchObject(WELL)
  expect(ended.lines).toEqual([
    'the service listens',
    'POST /orders {"item":"flat white","quantity":1}: 202',
    'GET /orders/…: 200, flat white is prepared',
    'POST /orders {"item":"espresso","quantity":2}: 202',
    'the service is closed',
    'the service listens',
    'GET /orders/…: 200, espresso is prepared',
    'the service is closed; 2 orders are prepared',
  ])
})

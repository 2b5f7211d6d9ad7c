// Embedding broker-core in a Fastify service: orders are accepted, worked on in the background, and survive a restart.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { ordersService, type Order } from './service.ts'

const dataDir = await mkdtemp(join(tmpdir(), 'orders-service-')) // a real service has one that stays
const prepared = new Map<string, Order>()

async function answer(url: string, init?: RequestInit): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, init)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function order(url: string, item: string, quantity: number): Promise<string> {
  const body = JSON.stringify({ item, quantity })
  const headers = { 'content-type': 'application/json' }
  const accepted = await answer(`${url}/orders`, { method: 'POST', headers, body })
  console.log(`POST /orders ${body}: ${accepted.status}`)
  return String(accepted.body['id'])
}

/** Asks for an order until it has been prepared. */
async function isPrepared(url: string, id: string): Promise<void> {
  let found = await answer(`${url}/orders/${id}`)
  for (; found.status === 404; found = await answer(`${url}/orders/${id}`)) await setTimeout(20)
  console.log(`GET /orders/…: ${found.status}, ${String(found.body['item'])} is ${String(found.body['state'])}`)
}

async function open(): Promise<{ service: FastifyInstance; url: string }> {
  const service = await ordersService({ dataDir, prepared })
  const url = await service.listen({ host: '127.0.0.1', port: 0 })
  console.log('the service listens')
  return { service, url }
}

const first = await open()
await isPrepared(first.url, await order(first.url, 'flat white', 1))
const late = await order(first.url, 'espresso', 2)
await first.service.close() // the espresso has been accepted; perhaps nobody has begun with it
console.log('the service is closed')

const second = await open()
await isPrepared(second.url, late)
await second.service.close()
console.log(`the service is closed; ${prepared.size} orders are prepared`)
await rm(dataDir, { recursive: true })

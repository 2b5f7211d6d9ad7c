// The service: takes orders over HTTP, answers once they are on the disk, and works on them in the background.
import { randomUUID } from 'node:crypto'
import { openBroker } from '@goqueue/broker-core'
import { Client } from '@goqueue/client'
import Fastify, { type FastifyInstance } from 'fastify'

export interface Order {
  readonly item: string
  readonly quantity: number
}

export interface ServiceOptions {
  /** Where the broker inside the service keeps its files. */
  readonly dataDir: string
  /** What has been prepared, by id: stands in for the service's own database. */
  readonly prepared: Map<string, Order>
}

const orderSchema = {
  type: 'object',
  required: ['item', 'quantity'],
  properties: { item: { type: 'string' }, quantity: { type: 'integer', minimum: 1 } },
}

export async function ordersService({ dataDir, prepared }: ServiceOptions): Promise<FastifyInstance> {
  const broker = await openBroker({ dataDir })
  const client = new Client({ dial: () => broker.connect(), clientId: 'orders-service' })
  const topics = await client.admin().listTopics()
  if (!topics.some(({ name }) => name === 'orders')) await client.admin().createTopic({ name: 'orders', partitions: 4 })

  const service = Fastify({ logger: { level: 'error' } })

  service.post<{ Body: Order }>('/orders', { schema: { body: orderSchema } }, async (request, reply) => {
    const id = randomUUID()
    await client.producer().send({ topic: 'orders', key: id, value: JSON.stringify(request.body) })
    return reply.code(202).send({ id }) // it is on the disk: it will be prepared, even if this process is killed now
  })

  service.get<{ Params: { id: string } }>('/orders/:id', async ({ params: { id } }, reply) => {
    const order = prepared.get(id)
    return order === undefined ? reply.code(404).send({ id, state: 'unknown' }) : { id, state: 'prepared', ...order }
  })

  const kitchen = client.groupConsumer({ groupId: 'kitchen', topics: ['orders'] })
  const working = kitchen.run({
    handler: ({ key, value }) => prepared.set(String(key), JSON.parse(String(value)) as Order),
  })
  working.catch(async (error: unknown) => {
    service.log.error(error, 'the kitchen cannot go on')
    await service.close()
  })

  // Runs when the last request has been answered. First whatever uses the broker, then the broker.
  service.addHook('onClose', async () => {
    await client.close() // what the kitchen has in hand is finished and committed
    await broker.close()
  })
  return service
}

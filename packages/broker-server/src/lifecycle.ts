// One broker behind one listener: started together, stopped in order.
import { openBroker, type Broker } from '@goqueue/broker-core'
import type { ServerEvent } from './event.ts'
import { addressToBind, listen, type Listener } from './listener.ts'
import type { Settings } from './settings.ts'

export interface Server {
  readonly broker: Broker
  readonly listener: Listener
}

/** Resolves when clients can connect; when the address cannot be had, the broker is closed again. */
export async function startServer(settings: Settings, report: (event: ServerEvent) => void): Promise<Server> {
  // Before a data directory is created for a broker that will not serve.
  await addressToBind(settings.server.listen, settings.server.insecure)
  const broker = await openBroker({ ...settings.broker, report })
  try {
    const {
      listen: address,
      advertise,
      insecure,
      maxConnections,
      maxConnectionsPerIp,
      maxConnectionCreationRate,
    } = settings.server
    const listener = await listen(broker, {
      host: address.host,
      port: address.port,
      ...(advertise !== undefined && { advertise }),
      insecure,
      maxConnections,
      maxConnectionsPerIp,
      maxConnectionCreationRate,
      report,
    })
    return { broker, listener }
  } catch (error) {
    await broker.close()
    throw error
  }
}

/** Accepts nothing more, answers what is in flight for up to `drainMs`, and closes everything. */
export async function stopServer({ broker, listener }: Server, drainMs: number): Promise<void> {
  const connectionsEnded = listener.close({ drainMs })
  await broker.close({ drainMs })
  await connectionsEnded
}

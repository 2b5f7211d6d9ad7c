// One broker behind one listener: started together, stopped in order.
import { openBroker, type Broker } from '@goqueue/broker-core'
import type { ServerEvent } from './event.ts'
import { addressToBind, listen, type Listener } from './listener.ts'
import type { Monitoring } from './monitoring.ts'
import type { Settings } from './settings.ts'

export interface Server {
  readonly broker: Broker
  readonly listener: Listener
  /** Null where nobody asked for it. */
  readonly monitoring: Monitoring | null
}

/** Resolves when clients can connect; when the address cannot be had, the broker is closed again. */
export async function startServer(settings: Settings, report: (event: ServerEvent) => void): Promise<Server> {
  // Before a data directory is created for a broker that will not serve.
  await addressToBind(settings.server.listen, settings.server.insecure)
  const monitoring = await openMonitoring(settings.server, report)
  const told = (event: ServerEvent) => {
    monitoring?.note(event)
    report(event)
  }
  let broker: Broker | null = null
  try {
    broker = await openBroker({ ...settings.broker, report: told })
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
      report: told,
    })
    monitoring?.serving({ broker, listener })
    return { broker, listener, monitoring }
  } catch (error) {
    await broker?.close()
    await monitoring?.close()
    throw error
  }
}

/** What serves metrics is loaded only where somebody wants them. */
async function openMonitoring(
  { metrics, insecure }: Settings['server'],
  report: (event: ServerEvent) => void,
): Promise<Monitoring | null> {
  if (metrics === undefined) return null
  const ip = await addressToBind(metrics, insecure)
  const { Monitoring } = await import('./monitoring.ts')
  return Monitoring.open(ip, metrics, report)
}

/** Accepts nothing more, answers what is in flight for up to `drainMs`, and closes everything. */
export async function stopServer({ broker, listener, monitoring }: Server, drainMs: number): Promise<void> {
  monitoring?.draining()
  const connectionsEnded = listener.close({ drainMs })
  await broker.close({ drainMs })
  await connectionsEnded
  await monitoring?.close()
}

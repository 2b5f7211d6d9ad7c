// A client that can die as a process does: its connections are gone at once, and nobody says goodbye to the broker.
import { connect, type Socket } from 'node:net'
import { Client } from '@goqueue/client'
import { apis } from '@goqueue/protocol'

/** Where the API's key stands in a request, behind the request's size. */
const API_KEY_AT = 4

export class MortalClient {
  readonly client: Client
  /** When it sent its last heartbeat, by the wall clock: the broker heard it a moment later. */
  lastHeartbeatMs = NaN
  private readonly sockets: Socket[] = []
  private isDead = false

  constructor(address: string) {
    this.client = new Client({ brokers: [address], clientId: 'bench', dial: ({ host, port }) => this.dial(host, port) })
  }

  kill(): void {
    this.isDead = true
    for (const socket of this.sockets) socket.destroy()
  }

  private dial(host: string, port: number): Promise<Socket> {
    if (this.isDead) throw new Error('killed')
    const socket = connect({ host, port, noDelay: true })
    this.sockets.push(socket)
    // A client writes one request at a time.
    const write = socket.write.bind(socket) as (request: Buffer) => boolean
    socket.write = (request: Buffer) => {
      if (request.readInt16BE(API_KEY_AT) === apis.Heartbeat.key) {
        this.lastHeartbeatMs = performance.timeOrigin + performance.now()
      }
      return write(request)
    }
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('connect', () => resolve(socket))
    })
  }
}

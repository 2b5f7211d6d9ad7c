// The bare machine's server, seen by who compares with it.
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MeasuredProcess } from '../child-process.ts'

const program = fileURLToPath(new URL('./server.ts', import.meta.url))

/** One TCP connection: payload out, answer back, in order. */
export class RawConnection {
  private readonly socket: Socket
  private readonly waiting: { left: number; readonly resolve: () => void }[] = []

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.receive(chunk.length))
  }

  /** Resolves when the payload, unless it is empty, is on the disk and `answerBytes` have come back. */
  exchange(payload: Buffer, answerBytes: number): Promise<void> {
    const header = Buffer.allocUnsafe(8)
    header.writeInt32BE(payload.length, 0)
    header.writeInt32BE(answerBytes, 4)
    this.socket.cork()
    this.socket.write(header)
    this.socket.write(payload)
    this.socket.uncork()
    return new Promise((resolve) => this.waiting.push({ left: answerBytes, resolve }))
  }

  private receive(bytes: number): void {
    let left = bytes
    for (let first = this.waiting[0]; first !== undefined && left > 0; first = this.waiting[0]) {
      const taken = Math.min(left, first.left)
      first.left -= taken
      left -= taken
      if (first.left > 0) return
      this.waiting.shift()
      first.resolve()
    }
  }

  close(): void {
    this.socket.destroy()
  }
}

/** Starts the server and connects to it `count` times. */
export async function rawConnections(directory: string, count: number): Promise<RawConnection[]> {
  const server = new MeasuredProcess(['--import', import.meta.resolve('tsx'), program, join(directory, 'bare')])
  const { line } = await server.firstLine
  const open = () =>
    new Promise<RawConnection>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: Number(line), noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new RawConnection(socket)))
    })
  return Promise.all(Array.from({ length: count }, open))
}

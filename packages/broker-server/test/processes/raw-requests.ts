// A few requests as bytes, written down by hand, so that tests of the server need no client of ours.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export async function dial(address: { host: string; port: number }): Promise<Socket> {
  const socket = connect(address)
  await once(socket, 'connect')
  return socket
}

const string = (text: string) => Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)])
const int16 = (value: number) => Buffer.from([value >> 8, value & 0xff])
function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value)
  return buffer
}

function request(apiKey: number, correlationId: number, ...body: Buffer[]): Buffer {
  const frame = Buffer.concat([int16(apiKey), int16(0), int32(correlationId), string('raw'), ...body])
  return Buffer.concat([int32(frame.length), frame])
}

/** ApiVersions v0. */
export function apiVersions(correlationId: number): Buffer {
  return request(18, correlationId)
}

/** Metadata v0 for one topic. */
export function metadata(correlationId: number, topic: string): Buffer {
  return request(3, correlationId, int32(1), string(topic))
}

/** JoinGroup v0 by a new member that can do 'range'. */
export function joinGroup(correlationId: number, groupId: string, sessionTimeoutMs: number): Buffer {
  const protocols = Buffer.concat([int32(1), string('range'), int32(0)])
  return request(11, correlationId, string(groupId), int32(sessionTimeoutMs), string(''), string('consumer'), protocols)
}

/** Reads one response: its correlation id, and its body. */
export async function response(socket: Socket): Promise<{ correlationId: number; body: Buffer }> {
  const size = (await read(socket, 4)).readInt32BE()
  const frame = await read(socket, size)
  return { correlationId: frame.readInt32BE(), body: frame.subarray(4) }
}

async function read(socket: Socket, bytes: number): Promise<Buffer> {
  for (;;) {
    const chunk = socket.read(bytes) as Buffer | null
    if (chunk !== null) {
      if (chunk.length < bytes) throw new Error('the connection ended within a response')
      return chunk
    }
    if (socket.readableEnded) throw new Error('the connection ended without a response')
    await Promise.race([once(socket, 'readable'), once(socket, 'end')])
  }
}

/** The first broker in the answer to `metadata`. */
export function brokerIn(body: Buffer): { nodeId: number; host: string; port: number } {
  const hostBytes = body.readInt16BE(8)
  const host = body.subarray(10, 10 + hostBytes).toString()
  return { nodeId: body.readInt32BE(4), host, port: body.readInt32BE(10 + hostBytes) }
}

// The bare machine: a server that does nothing but what durability needs. Its first line says its port: server.ts FILE.
import { fdatasync, openSync, write } from 'node:fs'
import { createServer, type Socket } from 'node:net'

/** Length of the payload, and how many bytes to answer with. */
const HEADER_BYTES = 8

interface Waiting {
  readonly payload: Buffer
  readonly socket: Socket
  readonly answerBytes: number
}

const file = openSync(process.argv[2] as string, 'w')
const answers = Buffer.alloc(16 * 1024 * 1024)
let position = 0
let waiting: Waiting[] = []
let isSyncing = false

/** Writes and syncs all that waits together, as any log would, and answers. */
function sync(): void {
  if (isSyncing || waiting.length === 0) return
  isSyncing = true
  const group = waiting
  waiting = []
  const bytes = group.length === 1 ? group[0]!.payload : Buffer.concat(group.map(({ payload }) => payload))
  write(file, bytes, 0, bytes.length, position, (writeError) => {
    if (writeError) throw writeError
    position += bytes.length
    fdatasync(file, (syncError) => {
      if (syncError) throw syncError
      isSyncing = false
      for (const { socket, answerBytes } of group) answer(socket, answerBytes)
      sync()
    })
  })
}

function answer(socket: Socket, bytes: number): void {
  if (!socket.destroyed) socket.write(answers.subarray(0, bytes))
}

function serve(socket: Socket): void {
  let received: Buffer = Buffer.alloc(0)
  let chunks: Buffer[] = []
  let bytes = 0
  let wanted = HEADER_BYTES
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    while (bytes >= wanted) {
      received = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      const end = HEADER_BYTES + received.readInt32BE(0)
      if (bytes < end) {
        chunks = [received]
        wanted = end
        return
      }
      const answerBytes = received.readInt32BE(4)
      // What is only asked for needs no disk.
      if (end === HEADER_BYTES) answer(socket, answerBytes)
      else waiting.push({ payload: received.subarray(HEADER_BYTES, end), socket, answerBytes })
      chunks = [received.subarray(end)]
      bytes -= end
      wanted = HEADER_BYTES
    }
    sync()
  })
  socket.on('error', () => {})
}

const server = createServer({ noDelay: true }, serve)
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${address !== null && typeof address === 'object' ? address.port : 0}\n`)
})

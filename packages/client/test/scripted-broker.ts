// A broker that answers what a test tells it to: for what no honest broker does, and for versions that ours does not offer.
import { duplexPair, type Duplex } from 'node:stream'
import {
  apis,
  encodeResponse,
  FrameSplitter,
  readRequestBody,
  readRequestHeader,
  type ApiName,
  type RequestOf,
  type ResponseInput,
} from '@goqueue/protocol'

export interface ScriptedRequest<A extends ApiName = ApiName> {
  readonly name: A
  readonly version: number
  readonly correlationId: number
  readonly body: RequestOf<A>
  /** Answers in the version of the request. */
  answer(body: ResponseInput<A>): void
  /** Sends any bytes. */
  send(bytes: Buffer): void
  /** Breaks the connection. */
  cut(): void
}

type Script = { [A in ApiName]?: (request: ScriptedRequest<A>) => void }

/** Every API, as far as the client speaks it. */
export const EVERY_API = Object.values(apis).map(({ key, versions }) => ({
  apiKey: key,
  minVersion: versions.min,
  maxVersion: versions.max,
}))

export class ScriptedBroker {
  readonly requests: ScriptedRequest[] = []
  dials = 0
  private readonly script: Script

  /** What the script does not mention is not answered; ApiVersions is, unless it is mentioned. */
  constructor(script: Script) {
    this.script = { ApiVersions: (request) => request.answer({ apiKeys: EVERY_API }), ...script }
  }

  readonly dial = (): Duplex => {
    this.dials += 1
    const [near, far] = duplexPair()
    const splitter = new FrameSplitter({ maxFrameBytes: 2 ** 20, minFrameBytes: 8 })
    far.on('data', (chunk: Buffer) => {
      splitter.push(chunk)
      for (let frame = splitter.next(); frame !== null; frame = splitter.next()) this.receive(frame, far)
    })
    far.on('error', () => {})
    near.once('close', () => far.destroy())
    return near
  }

  private receive(frame: Buffer, wire: Duplex): void {
    const { name, apiVersion: version, correlationId, body: reader } = readRequestHeader(frame)
    const request: ScriptedRequest = {
      name,
      version,
      correlationId,
      body: readRequestBody(name, version, reader),
      answer: (body) => void wire.write(encodeResponse(name, version, correlationId, body as never)),
      send: (bytes) => void wire.write(bytes),
      cut: () => void wire.end(),
    }
    this.requests.push(request)
    ;(this.script[name] as ((request: ScriptedRequest) => void) | undefined)?.(request)
  }
}

/** A frame with a correlation id and any body. */
export function frameOf(correlationId: number, body: Buffer): Buffer {
  const frame = Buffer.alloc(8 + body.length)
  frame.writeInt32BE(4 + body.length, 0)
  frame.writeInt32BE(correlationId, 4)
  body.copy(frame, 8)
  return frame
}

// Why an address cannot be listened on, in one sentence that says what to do.
import type { Address } from './address.ts'

/** The listener could not be opened; `message` is one sentence for the person who chose the address. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  /** NOT_LOOPBACK: `insecure` is missing. UNKNOWN_HOST: no such name. NOT_LISTENING: the system refused; see `cause`. */
  readonly code: 'NOT_LOOPBACK' | 'UNKNOWN_HOST' | 'NOT_LISTENING'

  constructor(code: ListenError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

const sentences = new Map<string, (address: Address) => string>([
  [
    'EADDRINUSE',
    (address) => `${address} is taken: another process listens there. Choose another port, or 0 for any free one.`,
  ],
  ['EACCES', (address) => `This user may not listen on ${address}: choose a port above 1023.`],
  ['EADDRNOTAVAIL', ({ host }) => `${host} is not an address of this machine.`],
  ['ENOTFOUND', ({ host }) => `There is no host named '${host}'.`],
  ['EAI_AGAIN', ({ host }) => `The name '${host}' could not be looked up: the name service does not answer.`],
])

/** The sentence for what the operating system answered. */
export function sentenceOfListenFailure(address: Address, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return sentences.get(code ?? '')?.(address) ?? `Cannot listen on ${address}: ${message}.`
}

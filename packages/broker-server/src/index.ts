// The door of @goqueue/broker-server: a broker, served over TCP.
export { Address } from './address.ts'
export type { ConnectionLimits } from './connection-limits.ts'
export type { ServerEvent } from './event.ts'
export { ListenError } from './listen-error.ts'
export { listen, type Listener, type ListenOptions } from './listener.ts'

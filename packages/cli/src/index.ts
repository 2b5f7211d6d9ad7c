// The door of @goqueue/cli: goqueue-admin as a function.
export { main } from './run.ts'
export type { Streams } from './streams.ts'

// The second door of @goqueue/broker-core: what tests of a broker, or of what is built on one, are given.
export { VirtualRuntime } from './virtual-runtime.ts'
export { MemoryFileSystem, type MemoryFileSystemOptions, type PowerCut } from './storage/memory-file-system.ts'

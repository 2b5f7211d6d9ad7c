// The door of @goqueue/broker-core: a Kafka-protocol broker as a library.
export { Broker, openBroker, type Peer } from './broker.ts'
export { brokerDefaults, type BrokerSettings } from './broker-defaults.ts'
export type { BrokerEvent } from './broker-event.ts'
export { BrokerOptionsError, type BrokerOptions } from './options.ts'
export type { Alarm, Runtime } from './runtime.ts'
export type { FileHandle, FileSystem } from './storage/file-system.ts'
export { StorageError } from './storage/storage-error.ts'
export { DataDirectoryLockedError } from './store/data-directory-lock.ts'

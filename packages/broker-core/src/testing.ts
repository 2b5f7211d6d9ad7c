// The second door of @goqueue/broker-core: what tests of a broker, or of what is built on one, are given.
export { VirtualRuntime } from './virtual-runtime.ts'
export { VirtualWorld, type Line } from './virtual-world.ts'
export { MemoryFileSystem, type MemoryFileSystemOptions, type PowerCut } from './storage/memory-file-system.ts'
// The machine of a classic group, for simulations of its members: pure, as it runs in the coordinator.
export { createGroup, type Group, type GroupOptions } from './classic-group/group.ts'
export { decodeGroupImage, encodeGroupImage } from './classic-group/group-image.ts'
export { nextDeadlineMs as nextGroupDeadlineMs } from './classic-group/deadlines.ts'
export { restoreGroup } from './classic-group/restore-group.ts'
export { step as stepGroup } from './classic-group/step.ts'
export type { Effect as GroupEffect, Reply as GroupReply } from './classic-group/effect.ts'
export type { Input as GroupInput } from './classic-group/input.ts'

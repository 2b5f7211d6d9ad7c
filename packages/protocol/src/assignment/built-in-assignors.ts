// The assignors that come with the package, by the name that Kafka gives them on the wire.
import type { Assignor } from './assignor.ts'
import { cooperativeSticky } from './cooperative-sticky.ts'
import { range } from './range.ts'
import { roundrobin } from './roundrobin.ts'
import { sticky } from './sticky.ts'

/** Every assignor of the package by its name on the wire. */
export const builtInAssignors: ReadonlyMap<string, Assignor> = new Map(
  [roundrobin, range, sticky, cooperativeSticky].map((assignor) => [assignor.name, assignor]),
)

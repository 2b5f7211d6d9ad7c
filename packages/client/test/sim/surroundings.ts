// What the members of a schedule have around them.
import type { VirtualRuntime } from '@goqueue/broker-core/testing'
import type { Chance } from './chance.ts'
import type { Fault } from './faults.ts'
import type { Observer } from './observer.ts'
import type { SimulatedBroker } from './simulated-broker.ts'

export interface Surroundings {
  readonly runtime: VirtualRuntime
  readonly chance: Chance
  readonly broker: SimulatedBroker
  readonly observer: Observer
  readonly fault: Fault
  /** How many partitions the topic has. */
  partitionCount(): number
  /** A duration of an application or a fault: short once faults are over, and never longer than until then. */
  durationMs(range: readonly [number, number]): number
  /** A promise was or will be settled: what follows from it must happen before time goes on. */
  promised(): void
}

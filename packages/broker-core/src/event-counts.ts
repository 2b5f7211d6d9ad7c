// Counts what is reported on its way to whoever runs the broker.
import type { BrokerEvent } from './broker-event.ts'
import type { RoomEvent } from './described-event.ts'

export class EventCounts {
  readonly byKind = new Map<string, number>()
  /** Bytes that recovery cut off. */
  truncatedBytes = 0

  count({ kind }: BrokerEvent): void {
    this.byKind.set(kind, (this.byKind.get(kind) ?? 0) + 1)
  }

  /** What the rooms say in their own terms, before it is put into a sentence. */
  note(event: RoomEvent): void {
    if (event.kind === 'torn-tail-truncated') this.truncatedBytes += event.bytes
  }
}

// Keeps a part of the disk free of records, so that everything else has room when producers have filled the rest.
import type { Runtime } from '../runtime.ts'
import { DiskLooks } from './disk-looks.ts'
import type { ReportLogEvent } from './log-event.ts'

/** How often the disk is looked at while records are taken, and while there is no room for them. */
const BUSY_INTERVAL_MS = 1_000
/** And how often else: other programs write to it too. */
const IDLE_INTERVAL_MS = 10_000
/** How soon after a look a batch that does not fit may ask for the next one: something may have been deleted. */
const REFUSED_INTERVAL_MS = 100
/** Records are taken again when so much of the reserve is free above it: room for one batch would be gone at once. */
const RESUME_FRACTION = 1 / 8
/** But no more than so much of what would be free if all records were deleted: a small disk never has an eighth. */
const RESUME_FRACTION_OF_POSSIBLE = 1 / 2
/** A refused batch that has not come again for so long is not waited for: clients try again once a second at least. */
const WAITED_FOR_MS = 10_000
/** What the broker appends for itself leaves so much of the reserve to what is no log: its metadata, recovery points. */
const KEPT_FROM_BROKER_FRACTION = 1 / 2

export interface DiskReserveOptions {
  /** Bytes that records may not use. */
  readonly reserveBytes: number
  /** Whose disk it is. */
  readonly directory: string
  /** Asks the disk. */
  readonly freeBytes: () => Promise<number>
  /** Bytes of records that were taken and are in no file yet: the disk takes their room for free. */
  readonly unwrittenBytes: () => number
  /** Bytes of records in files. */
  readonly writtenBytes: () => number
  readonly runtime: Runtime
  readonly report: ReportLogEvent
}

/**
 * Knows the room of the last look, less what was taken since. From the first batch that does not fit it takes none, small
 * ones neither, which would overtake those before them; until a look finds room again. A disk that does not say how much
 * room it has is taken to have any.
 */
export class DiskReserve {
  readonly reserveBytes: number
  /** No records are taken. */
  isReached = false
  /** Batches that were not taken. */
  refusedAppends = 0
  private readonly options: DiskReserveOptions
  private readonly looks: DiskLooks
  /** Free when all that was taken is written. */
  private leftBytes = Infinity
  private takenSinceLookBytes = 0
  /** Free if all records were deleted. */
  private possibleBytes = 0
  /** Of the batches that wait for room. */
  private largestRefusedBytes = 0
  private largestRefusedAtMs = 0
  private isTold = false
  private isBlind = false

  constructor(options: DiskReserveOptions) {
    this.options = options
    this.reserveBytes = options.reserveBytes
    this.looks = new DiskLooks({
      look: () => this.lookNow(),
      intervalMs: () => (this.isReached || this.takenSinceLookBytes > 0 ? BUSY_INTERVAL_MS : IDLE_INTERVAL_MS),
      runtime: options.runtime,
    })
  }

  /** Takes room for a producer's batch. Why there is none, or null. */
  take(bytes: number): string | null {
    if (this.isReached || this.leftBytes - bytes < this.reserveBytes) return this.refuse(bytes)
    this.count(bytes)
    return null
  }

  /** As `take`, for what the broker appends for itself: of the reserve too, and no producer is refused for it. */
  takeForBroker(bytes: number): string | null {
    if (!this.hasRoomForBroker(bytes)) {
      return (
        `${this.keptFromBrokerBytes} bytes of the disk are kept free of what the broker records (half of ` +
        `log.min.free.bytes), and ${this.freeBytes} are free; delete topics or records, or enlarge the disk`
      )
    }
    this.count(bytes)
    return null
  }

  /** Whether `takeForBroker` would take so many bytes. */
  hasRoomForBroker(bytes: number): boolean {
    return this.leftBytes - bytes >= this.keptFromBrokerBytes
  }

  /** Bytes that are free on the disk; null when it does not say. Whoever asks while a look is under way shares it. */
  look(): Promise<number | null> {
    return this.looks.now()
  }

  /** Looks no more by itself. Resolves when no look is under way. */
  close(): Promise<void> {
    return this.looks.close()
  }

  private count(bytes: number): void {
    this.leftBytes -= bytes
    this.takenSinceLookBytes += bytes
    this.looks.within(BUSY_INTERVAL_MS)
  }

  private refuse(bytes: number): string {
    this.refusedAppends += 1
    if (bytes >= this.largestRefusedBytes) {
      this.largestRefusedBytes = bytes
      this.largestRefusedAtMs = this.options.runtime.nowMs()
    }
    if (!this.isReached) {
      this.isReached = true
      this.looks.within(REFUSED_INTERVAL_MS)
    }
    // What can never fit waits for more than the others do.
    const neededBytes = Math.max(this.resumeBytes, this.reserveBytes + bytes)
    return (
      `${this.reserveBytes} bytes of the disk are kept free of records (log.min.free.bytes), and ${this.freeBytes} are free: ` +
      `records are taken again when ${neededBytes} are; delete topics or records, or enlarge the disk`
    )
  }

  private async lookNow(): Promise<number | null> {
    const { freeBytes, unwrittenBytes, writtenBytes, runtime } = this.options
    this.takenSinceLookBytes = 0
    const unwritten = unwrittenBytes()
    const found = await freeBytes().catch((error: unknown) => {
      this.lookFailed(error)
      return null
    })
    if (found === null) return null
    this.isBlind = false
    this.possibleBytes = found + writtenBytes()
    this.leftBytes = found - unwritten - this.takenSinceLookBytes
    if (runtime.nowMs() - this.largestRefusedAtMs > WAITED_FOR_MS) this.largestRefusedBytes = 0
    this.isReached = this.leftBytes < (this.isReached ? this.resumeBytes : this.reserveBytes)
    if (!this.isReached) this.largestRefusedBytes = 0
    this.tell()
    return found
  }

  private lookFailed(error: unknown): void {
    this.leftBytes = Infinity
    this.largestRefusedBytes = 0
    this.isReached = this.isTold = false
    if (this.isBlind) return
    this.isBlind = true
    this.options.report({ kind: 'diskReserveUnknown', directory: this.options.directory, error })
  }

  /** Told is what the disk said: a batch that does not fit may only have come before the look that finds what was freed. */
  private tell(): void {
    const { isReached, reserveBytes, freeBytes } = this
    if (isReached === this.isTold) return
    this.isTold = isReached
    const { directory, report } = this.options
    report({ kind: isReached ? 'diskReserveReached' : 'diskReserveRecovered', directory, freeBytes, reserveBytes })
  }

  /**
   * Free from which on records are taken again: the largest that was refused must fit too, or smaller ones would overtake it;
   * but one that can never fit, or is not sent again, keeps nobody else out.
   */
  private get resumeBytes(): number {
    const { reserveBytes, largestRefusedBytes, possibleBytes } = this
    const wantedBytes = Math.max(reserveBytes * RESUME_FRACTION, largestRefusedBytes)
    const mostBytes = Math.max(0, possibleBytes - reserveBytes) * RESUME_FRACTION_OF_POSSIBLE
    return reserveBytes + Math.ceil(Math.min(wantedBytes, mostBytes))
  }

  private get keptFromBrokerBytes(): number {
    return Math.ceil(this.reserveBytes * KEPT_FROM_BROKER_FRACTION)
  }

  /** Free when all that was taken is written, as far as the last look goes. */
  get freeBytes(): number {
    return Math.max(0, this.leftBytes)
  }
}

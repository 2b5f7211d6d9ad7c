// Puts what the rooms report into a sentence and a level for whoever runs the broker.
import type { BrokerEvent } from './broker-event.ts'
import type { LogEvent } from './log/log-event.ts'
import type { StoreEvent } from './store/sqlite-store.ts'
import type { TopicEvent } from './topics/topic-catalog.ts'

/** What the rooms below the broker report, each in its own terms. */
export type RoomEvent = LogEvent | StoreEvent | TopicEvent

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function describe(event: RoomEvent): Pick<BrokerEvent, 'level' | 'message'> {
  switch (event.kind) {
    case 'torn-tail-truncated':
      return {
        level: 'warn',
        message: `log ${event.log}: cut ${event.bytes} unfinished bytes off behind offset ${event.offset}, kept in ${event.keptIn}`,
      }
    case 'rot-found':
      return {
        level: 'error',
        message: `log ${event.log}: offsets ${event.fromOffset} to ${event.toOffset - 1} are damaged, at byte ${event.position} of ${event.file}; nothing was deleted`,
      }
    case 'log-quarantined':
      return { level: 'error', message: `log ${event.log} takes no appends: ${event.reason}` }
    case 'index-rebuilt':
      return { level: 'info', message: `log ${event.log}: made the index ${event.file} anew` }
    case 'cache-failed':
      return { level: 'warn', message: `log ${event.log}: a cache file failed: ${reason(event.error)}` }
    case 'log-failed':
      return { level: 'error', message: `log ${event.log} is offline until a restart: ${reason(event.error)}` }
    case 'read-failed':
      return { level: 'error', message: `log ${event.log}: a read failed: ${reason(event.error)}` }
    case 'retention-failed':
      return { level: 'error', message: `log ${event.log}: old segments could not be deleted: ${reason(event.error)}` }
    case 'recovery-point-damaged':
      return { level: 'warn', message: `${event.file} is damaged: every log's last segment is checked whole` }
    case 'recovery-point-failed':
      return { level: 'error', message: `the recovery point could not be written: ${reason(event.error)}` }
    case 'diskReserveReached':
      return {
        level: 'warn',
        message: `no records are taken: ${event.freeBytes} bytes are free on the disk of ${event.directory}, and ${event.reserveBytes} are kept free of records (log.min.free.bytes)`,
      }
    case 'diskReserveRecovered':
      return {
        level: 'info',
        message: `records are taken again: ${event.freeBytes} bytes are free on the disk of ${event.directory}`,
      }
    case 'diskReserveUnknown':
      return {
        level: 'warn',
        message: `the disk of ${event.directory} does not say how much of it is free, so none is kept free of records: ${reason(event.error)}`,
      }
    case 'writesRefused':
      return { level: 'error', message: `${event.count} metadata writes were refused: ${event.error.message}` }
    case 'storeFailed':
      return { level: 'error', message: `the metadata store is gone until a restart: ${event.error.message}` }
    case 'logsLeftBehind':
      return {
        level: 'warn',
        message: `files of deleted topic ${event.topicId} are left behind: ${event.error.message}`,
      }
    default:
      return event satisfies never
  }
}

/** The event with a level and a sentence; its own fields stay as details. */
export function describedEvent(event: RoomEvent): BrokerEvent {
  return { ...event, ...describe(event) }
}

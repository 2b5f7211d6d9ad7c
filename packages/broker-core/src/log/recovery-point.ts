// The file that says of every log how much of it is durable: recovery scans only above that and never cuts below it.
import { crc32c } from '@goqueue/protocol'
import type { FileSystem } from '../storage/file-system.ts'
import type { ReportLogEvent } from './log-event.ts'

const FIRST_LINE = 'goqueue recovery-point 1'

/** What is known to be durable of one log. */
export interface DurableRange {
  /** Everything below it is on disk. */
  durableOffset: number
  /** Everything below it was deleted. */
  logStartOffset: number
}

/**
 * Lines of `<topicId>-<partition> <durable offset> <log start offset>` and a checksum, replaced as a whole: written
 * beside, synced, renamed, and the directory synced.
 */
export class RecoveryPoint {
  readonly ranges: Map<string, DurableRange>
  private readonly fileSystem: FileSystem
  private readonly directory: string
  private saving: Promise<void> | null = null
  private nextSave: Promise<void> | null = null

  private constructor(fileSystem: FileSystem, directory: string, ranges: Map<string, DurableRange>) {
    this.fileSystem = fileSystem
    this.directory = directory
    this.ranges = ranges
  }

  static async load(fileSystem: FileSystem, directory: string, report: ReportLogEvent): Promise<RecoveryPoint> {
    const path = pathIn(directory)
    const text = await readText(fileSystem, path)
    const ranges = text === null ? new Map<string, DurableRange>() : parse(text)
    if (ranges === null) report({ kind: 'recovery-point-damaged', file: path })
    return new RecoveryPoint(fileSystem, directory, ranges ?? new Map())
  }

  /** Resolves when a file that holds what `refresh` has put into `ranges` is durable; waiting saves share one. */
  save(refresh: () => void): Promise<void> {
    if (this.saving === null) return this.startSave(refresh)
    this.nextSave ??= this.saving
      .catch(() => {})
      .then(() => {
        this.nextSave = null
        return this.startSave(refresh)
      })
    return this.nextSave
  }

  private startSave(refresh: () => void): Promise<void> {
    refresh()
    this.saving = this.write(format(this.ranges)).finally(() => {
      this.saving = null
    })
    return this.saving
  }

  private async write(text: string): Promise<void> {
    const path = pathIn(this.directory)
    const handle = await this.fileSystem.open(`${path}.tmp`, 'write')
    try {
      await handle.truncate(0)
      await handle.write([Buffer.from(text)], 0)
      await handle.datasync()
    } finally {
      await handle.close()
    }
    await this.fileSystem.rename(`${path}.tmp`, path)
    await this.fileSystem.syncDirectory(this.directory)
  }
}

function pathIn(directory: string): string {
  return `${directory}/recovery-point`
}

async function readText(fileSystem: FileSystem, path: string): Promise<string | null> {
  const size = await fileSystem.sizeOf(path)
  if (size === null) return null
  const handle = await fileSystem.open(path, 'read')
  try {
    const bytes = Buffer.alloc(size)
    return bytes.toString('latin1', 0, await handle.read(bytes, 0))
  } finally {
    await handle.close()
  }
}

function format(ranges: ReadonlyMap<string, DurableRange>): string {
  const lines = [FIRST_LINE]
  for (const [log, range] of ranges) lines.push(`${log} ${range.durableOffset} ${range.logStartOffset}`)
  const body = `${lines.join('\n')}\n`
  return `${body}crc32c ${checksum(body)}\n`
}

function parse(text: string): Map<string, DurableRange> | null {
  const match = /^([^]*\n)crc32c ([0-9a-f]{8})\n$/.exec(text)
  if (match === null || checksum(match[1]!) !== match[2]) return null
  const [firstLine, ...lines] = match[1]!.trimEnd().split('\n')
  if (firstLine !== FIRST_LINE) return null
  const ranges = new Map<string, DurableRange>()
  for (const line of lines) {
    const [log, durableOffset, logStartOffset] = line.split(' ')
    ranges.set(log!, { durableOffset: Number(durableOffset), logStartOffset: Number(logStartOffset) })
  }
  return ranges
}

function checksum(text: string): string {
  return crc32c(Buffer.from(text, 'latin1')).toString(16).padStart(8, '0')
}

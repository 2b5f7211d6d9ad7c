// A consumer in a process of its own, and what it says: when it has joined, and what it has finished.
import { readFile } from 'node:fs/promises'
import type { GroupConsumerOptions } from '@goqueue/client'
import { LineProcess, type Ended } from '../support/line-process.ts'

export interface ConsumerArguments extends Pick<
  GroupConsumerOptions,
  'groupId' | 'topics' | 'consumerId' | 'assignors' | 'sessionTimeoutMs'
> {
  /** HOST:PORT */
  readonly broker: string
  /** Where it writes what it has finished, as lines `PARTITION OFFSET`. */
  readonly file: string
}

export class ConsumerProcess {
  private readonly process: LineProcess
  private readonly file: string

  /** Starts `main`, the bundled consumer. */
  constructor(main: string, given: ConsumerArguments) {
    this.process = new LineProcess(process.execPath, [main, JSON.stringify(given)])
    this.file = given.file
  }

  /** Resolves with the generation in which it was first assigned something, if only nothing. */
  async joined(): Promise<number> {
    const isJoined = (line: string) => line.startsWith('joined ')
    await this.process.until(() => this.process.lines.some(isJoined))
    return Number(this.process.lines.find(isJoined)!.slice('joined '.length))
  }

  /** Calls `finish` with `PARTITION OFFSET` of each record that it finishes; resolves when the process has ended. */
  async follow(finish: (record: string) => void): Promise<Ended> {
    const { lines } = this.process
    let heard = 0
    do {
      for (; heard < lines.length; heard++) {
        const line = lines[heard]!
        if (line.startsWith('finished ')) finish(line.slice('finished '.length))
      }
    } while ((await this.process.change()) === 'more')
    // One that was killed may have finished what it could not say any more.
    for (const record of await this.written()) finish(record)
    return this.process.ended
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.process.kill(signal)
  }

  /** What stands in its file. A line that was cut off was not finished. */
  async written(): Promise<string[]> {
    return (await readFile(this.file, 'utf8')).split('\n').slice(0, -1)
  }
}

// Says on stderr what is being measured: a bar on a terminal, lines elsewhere.
import { SingleBar } from 'cli-progress'

export class Progress {
  private readonly count: number
  private readonly bar: SingleBar | null
  private begun = 0

  constructor(count: number) {
    this.count = count
    this.bar = process.stderr.isTTY
      ? new SingleBar({ format: '{bar} {value}/{total} {title}', stream: process.stderr, hideCursor: true })
      : null
    this.bar?.start(count, 0, { title: '' })
  }

  begin(name: string, title: string): void {
    this.begun += 1
    if (this.bar !== null) this.bar.update({ title })
    else process.stderr.write(`bench: ${this.begun} of ${this.count}: ${name} (${title})\n`)
  }

  finish(): void {
    this.bar?.increment()
  }

  end(): void {
    this.bar?.stop()
  }
}

// Runs one of the examples as a user would, in a process of its own.
import { join } from 'node:path'
import { LineProcess, type Ended } from '../support/line-process.ts'
import { root } from '../workspace/root.ts'

/** What `examples/NAME/main.ts` printed, by the end of its process. */
export function runExample(name: string, ...args: string[]): Promise<Ended> {
  const node = ['--conditions=@goqueue/source', '--import', import.meta.resolve('tsx')]
  return new LineProcess(process.execPath, [...node, join(root, 'examples', name, 'main.ts'), ...args]).ended
}

/** The end of an example that went well. */
export const WELL = { exitCode: 0, signal: null, stderr: '' }

// Compiles the Java sources of this folder against one version of kafka-clients, and runs them.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const folder = import.meta.dirname
const maxBuffer = 256 * 1024 * 1024

/** The classes of this folder, compiled against `kafkaVersion` (from Maven Central), ready to run. */
export function compileAgainst(kafkaVersion: string): { run(mainClass: string, input?: string): unknown[] } {
  const goals = ['-B', '-q', 'compile', 'dependency:build-classpath', `-Dkafka.version=${kafkaVersion}`]
  execFileSync('mvn', goals, { cwd: folder, stdio: ['ignore', process.stderr, 'inherit'] })
  const output = join(folder, 'target', `kafka-${kafkaVersion}`)
  const classPath = [join(output, 'classes'), readFileSync(join(output, 'class-path.txt'), 'utf8')].join(delimiter)
  return {
    run(mainClass, input = '') {
      const args = ['-cp', classPath, `goqueue.golden.${mainClass}`]
      const text = execFileSync('java', args, { input, encoding: 'utf8', maxBuffer })
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line): unknown => JSON.parse(line))
    },
  }
}

// Java programs that a test needs, from Maven Central: each is a folder with a pom.xml.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { requireBinary } from './require-binary.ts'

/** Maven fetches some forty megabytes where it has never run. */
export const FETCH_MS = 300_000

/** The class path of a folder's pom.xml: Maven fetches it once. Throws by name where Java, Maven or the jars are missing. */
export function mavenClassPath(folder: string): string {
  requireBinary('java', ['-version'], 'default-jre-headless')
  const file = join(folder, 'target', 'class-path.txt')
  const read = () => readFileSync(file, 'utf8')
  if (existsSync(file) && read().split(delimiter).every(existsSync)) return read()
  requireBinary('mvn', ['-version'], 'maven')
  execFileSync('mvn', ['-B', '-q', 'dependency:build-classpath'], { cwd: folder, stdio: ['ignore', 2, 2] })
  return read()
}

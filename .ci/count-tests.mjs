// Prints "PASSED FAILED SKIPPED" of one vitest run: node .ci/count-tests.mjs REPORT.json EXIT-CODE.
import { readFileSync } from 'node:fs'

const [file = '', exitCode] = process.argv.slice(2)

/** The report, or an empty one when the run died before it wrote it. */
function readReport() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    process.stderr.write(`no test report: ${error.message}\n`)
    return { testResults: [] }
  }
}

const files = readReport().testResults
const statuses = files.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status))
const count = (...wanted) => statuses.filter((status) => wanted.includes(status)).length
const passed = count('passed')
// A file that could not be loaded has no tests of its own and is one failure.
const unloaded = files.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
)
const failed = count('failed') + unloaded.length
const isUnexplained = exitCode !== '0' && failed === 0
process.stdout.write(`${passed} ${isUnexplained ? 1 : failed} ${statuses.length - passed - count('failed')}\n`)

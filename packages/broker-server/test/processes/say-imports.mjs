// Preloaded into a broker: says on stdout what is imported, in order with what the broker itself says there.
import { writeSync } from 'node:fs'
import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'

const STDOUT = 1
if (isMainThread) register(import.meta.url)

export async function resolve(specifier, context, next) {
  if (/^[@a-z]/.test(specifier) && !/^(?!node:).*:/.test(specifier)) writeSync(STDOUT, `import ${specifier}\n`)
  return next(specifier, context)
}

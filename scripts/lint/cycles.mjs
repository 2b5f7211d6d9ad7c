// Finds circular imports among the sources, type-only ones too: a cycle means that two files are one idea, or a third.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/**
 * Cycles in a graph of imports (file -> the files it imports), each as the list of its files, the first one repeated at
 * the end. Files in more than one cycle are reported with the first cycle found.
 */
export function findCycles(graph) {
  const cycles = []
  const done = new Set()
  const visit = (file, trail) => {
    const start = trail.indexOf(file)
    if (start >= 0) cycles.push([...trail.slice(start), file])
    if (start >= 0 || done.has(file)) return
    for (const imported of graph.get(file) ?? []) visit(imported, [...trail, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return cycles
}

/** The relative imports of every TypeScript file below `directory`. */
export function importGraph(directory) {
  const graph = new Map()
  for (const entry of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (!/\.[jt]s$/.test(entry) || /(^|\/)(node_modules|dist)\//.test(entry)) continue
    const file = join(directory, entry)
    const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true)
    const specifiers = importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith('.'))
    graph.set(
      file,
      specifiers.map((specifier) => join(dirname(file), specifier)),
    )
  }
  return graph
}

function main() {
  const folders = ['packages', 'examples', 'bench', 'conformance'].map((name) => join(root, name))
  const cycles = folders.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
      .flatMap((entry) => findCycles(importGraph(join(folder, entry.name)))),
  )
  for (const cycle of cycles) {
    process.stderr.write(`circular import: ${cycle.map((file) => relative(root, file)).join(' -> ')}\n`)
  }
  process.exitCode = cycles.length === 0 ? 0 : 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()

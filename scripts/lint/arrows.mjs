// The ESLint rule goqueue/arrows: an import that does not follow the map in rooms.mjs is an error.
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  brokerCoreArrows,
  brokerCoreFoundations,
  extraDoors,
  moduleRooms,
  packageArrows,
  typesOnlyRooms,
} from './rooms.mjs'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const CORE = 'packages/broker-core/src/'

/** The path below the repository's root, with slashes. */
function pathOf(filename) {
  return relative(root, filename).split(sep).join('/')
}

const packageOf = (path) => /^packages\/([^/]+)\//.exec(path)?.[1]
const isTest = (path) => /\.test\.[jt]s$/.test(path) || /^packages\/[^/]+\/test\//.test(path)
const covers = (place, path) => (place.endsWith('/') ? path.startsWith(place) : path === place)

/** The room of a file in broker-core; null for a foundation. */
function coreRoomOf(path) {
  const [first, ...rest] = path.slice(CORE.length).split('/')
  if (brokerCoreFoundations.includes(first)) return null
  return rest.length > 0 || Object.hasOwn(brokerCoreArrows, first) ? first : 'shell'
}

function problemInWorkspaceImport(path, specifier, isTypeOnly) {
  const [, name, door] = /^@goqueue\/([^/]+)(\/.*)?$/.exec(specifier)
  if (!Object.hasOwn(packageArrows, name)) return `there is no package '@goqueue/${name}'`
  const from = packageOf(path)
  if (door !== undefined) {
    if (!extraDoors.includes(specifier)) return `'@goqueue/${name}' has one door; '${specifier}' goes through the wall`
    if (from !== undefined && !isTest(path)) return `'${specifier}' is for tests and examples`
  }
  if (from === undefined) return null
  if (from === name) return `a package does not import itself: use a relative path`
  if (isTest(path)) return null
  if (!packageArrows[from].includes(name)) return `'${from}' does not import '${name}'`
  if (!isTypeOnly && typesOnlyRooms.some((room) => covers(room, path)))
    return `this room takes only types from '${name}'`
  return null
}

function problemInRelativeImport(path, target) {
  const from = packageOf(path)
  if (packageOf(target) !== from) return `'${target}' belongs to another package: import it by its name`
  if (!path.startsWith(CORE) || !target.startsWith(CORE) || isTest(path)) return null
  const fromRoom = coreRoomOf(path)
  const toRoom = coreRoomOf(target)
  if (toRoom === null || toRoom === fromRoom) return null
  const mayImport = fromRoom === null ? [] : (brokerCoreArrows[fromRoom] ?? [])
  if (mayImport === 'all' || mayImport.includes(toRoom)) return null
  return `inside broker-core '${fromRoom ?? path.slice(CORE.length)}' does not import '${toRoom}'`
}

function problemInModuleImport(path, specifier) {
  if (isTest(path) || packageOf(path) === undefined) return null
  for (const { modules, files, within = 'packages/' } of moduleRooms) {
    if (!modules.includes(specifier) || !covers(within, path)) continue
    if (!files.some((file) => covers(file, path))) return `'${specifier}' is imported only in ${files.join(', ')}`
  }
  return null
}

function problemIn(filename, specifier, isTypeOnly) {
  const path = pathOf(filename)
  if (isAbsolute(specifier)) return 'an absolute path is nobody’s door'
  if (specifier.startsWith('.')) return problemInRelativeImport(path, pathOf(join(dirname(filename), specifier)))
  if (specifier.startsWith('@goqueue/')) return problemInWorkspaceImport(path, specifier, isTypeOnly)
  return problemInModuleImport(
    path,
    specifier.replace(/^(fs|net|tls|https?|zlib|timers|crypto|perf_hooks)\b/, 'node:$1'),
  )
}

const isTypeOnlyImport = (node) =>
  node.importKind === 'type' ||
  node.exportKind === 'type' ||
  (node.specifiers?.length > 0 && node.specifiers.every((specifier) => specifier.importKind === 'type'))

export const arrows = {
  meta: {
    type: 'problem',
    schema: [],
    docs: { description: 'Imports follow the arrows of the architecture.' },
    messages: { wall: 'Against the arrows: {{problem}}.' },
  },
  create(context) {
    const check = (node, source, isTypeOnly) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return
      const problem = problemIn(context.filename, source.value, isTypeOnly)
      if (problem !== null) context.report({ node: source, messageId: 'wall', data: { problem } })
    }
    return {
      ImportDeclaration: (node) => check(node, node.source, isTypeOnlyImport(node)),
      ExportNamedDeclaration: (node) => check(node, node.source, isTypeOnlyImport(node)),
      ExportAllDeclaration: (node) => check(node, node.source, isTypeOnlyImport(node)),
      ImportExpression: (node) => check(node, node.source, false),
      TSImportType: (node) => check(node, node.source ?? node.argument?.literal, true),
      "CallExpression[callee.name='require']": (node) => check(node, node.arguments[0], false),
    }
  },
}

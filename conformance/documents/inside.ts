// Looks behind the doors of the packages: documents describe what is inside, and nothing else may go there.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { root } from '../workspace/root.ts'

/** A module of a package, by its path below packages/. */
export async function moduleInside(path: string): Promise<Readonly<Record<string, unknown>>> {
  return (await import(pathToFileURL(join(root, 'packages', path)).href)) as Readonly<Record<string, unknown>>
}

/** A property of an interface: its doc comment, whole, and its type as written, without `undefined` and type parameters. */
export interface DeclaredProperty {
  readonly comment: string
  readonly type: string
}

/** The properties that an interface declares itself, by name and in order. */
export function declaredProperties(path: string, interfaceName: string): Map<string, DeclaredProperty> {
  const properties = new Map<string, DeclaredProperty>()
  for (const statement of sourceFile(path).statements) {
    if (!ts.isInterfaceDeclaration(statement) || statement.name.text !== interfaceName) continue
    for (const member of statement.members.filter(ts.isPropertySignature)) {
      let type = member.type?.getText().replace(/ \| undefined$/, '') ?? ''
      for (const { name, constraint } of statement.typeParameters ?? []) {
        const bound = constraint?.getText() ?? 'unknown'
        const written = bound.includes('|') ? `(${bound})` : bound
        type = type.replace(`<${name.text}>`, '').replace(new RegExp(`\\b${name.text}\\b`, 'g'), written)
      }
      properties.set(member.name.getText(), { comment: commentOf(member), type: type.replace(/\breadonly /g, '') })
    }
  }
  if (properties.size === 0) throw new Error(`${path} declares no interface ${interfaceName}`)
  return properties
}

/** The doc comments of the properties of the objects and interfaces that a module declares, by the name of the property. */
export function propertyComments(path: string): Map<string, string> {
  const comments = new Map<string, string>()
  const visit = (node: ts.Node) => {
    if (ts.isPropertyAssignment(node) || ts.isPropertySignature(node)) {
      const comment = commentOf(node)
      if (comment !== '') comments.set(node.name.getText(), comment)
    }
    ts.forEachChild(node, visit)
  }
  visit(sourceFile(path))
  return comments
}

function sourceFile(path: string): ts.SourceFile {
  const text = readFileSync(join(root, 'packages', path), 'utf8')
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
}

function commentOf(node: ts.Node): string {
  return ts
    .getJSDocCommentsAndTags(node)
    .map((part) => ts.getTextOfJSDocComment(part.comment) ?? '')
    .join(' ')
}

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

/** The doc comments of the properties of the objects and interfaces that a module declares, by the name of the property. */
export function propertyComments(path: string): Map<string, string> {
  const text = readFileSync(join(root, 'packages', path), 'utf8')
  const comments = new Map<string, string>()
  const visit = (node: ts.Node) => {
    if (ts.isPropertyAssignment(node) || ts.isPropertySignature(node)) {
      const comment = ts
        .getJSDocCommentsAndTags(node)
        .map((part) => ts.getTextOfJSDocComment(part.comment) ?? '')
        .join(' ')
      if (comment !== '') comments.set(node.name.getText(), comment)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true))
  return comments
}

// The names of tests as they stand in a file, without running it: the titles of describe and it, joined as a reporter joins them.
// Of `it.each` the title with its `%s` and `$name`, of a template with `${…}` the same with `%s`.

import ts from 'typescript'

/** Full names, such as `decodePacket > copies nothing`, in the order of the file. */
export function testTitles(path: string, text: string): readonly string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const walk = (node: ts.Node, around: readonly string[]): void => {
    const named = ts.isCallExpression(node) ? titled(node) : undefined
    if (named?.callee === 'it') found.push([...around, named.title].join(' > '))
    const inside = named?.callee === 'describe' ? [...around, named.title] : around
    ts.forEachChild(node, (child) => walk(child, inside))
  }
  walk(source, [])
  return found
}

function titled(call: ts.CallExpression): { readonly callee: string; readonly title: string } | undefined {
  const callee = rootOf(call.expression)
  const [first] = call.arguments
  const title = first === undefined ? undefined : titleOf(first)
  return title === undefined || (callee !== 'it' && callee !== 'describe') ? undefined : { callee, title }
}

/** `it` of `it`, `it.each(rows)` and `it.each<Row>(rows)`; but the call of `each` itself has no title. */
function rootOf(callee: ts.Expression): string | undefined {
  if (ts.isIdentifier(callee)) return callee.text
  const each = ts.isCallExpression(callee) ? callee.expression : undefined
  return each !== undefined && ts.isPropertyAccessExpression(each) && ts.isIdentifier(each.expression)
    ? each.expression.text
    : undefined
}

function titleOf(argument: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(argument)) return argument.text
  if (!ts.isTemplateExpression(argument)) return undefined
  return argument.head.text + argument.templateSpans.map(({ literal }) => `%s${literal.text}`).join('')
}

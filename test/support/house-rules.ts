// The rules of the house, checked on syntax trees: layers, packages, ambient globals, sizes, how a specification is cited,
// holes in the types, paths of somebody's machine. Pure functions from sources to faults, so that test/layers.test.ts can feed
// them the real tree and, to prove that they can fail, sources that break each rule.

import { dirname, posix } from 'node:path'
import ts from 'typescript'
import {
  AMBIENT,
  AMBIENT_MEMBERS,
  ENTRIES,
  FILE_LINES_MAX,
  FUNCTION_LINES_MAX,
  LAYERS,
  PACKAGES,
} from './layer-table.ts'

/** One file: its path from the root of the repository, with forward slashes, and its text. */
export interface Source {
  readonly path: string
  readonly text: string
}

export type Rule =
  | 'layer'
  | 'package'
  | 'builtin'
  | 'ambient'
  | 'entry'
  | 'file-length'
  | 'function-length'
  | 'citation'
  | 'type-hole'
  | 'machine-path'

/** A rule that a source breaks, with the line (from 1) and what to do about it. */
export interface Fault {
  readonly rule: Rule
  readonly path: string
  readonly line: number
  readonly message: string
}

/** Everything wrong with these sources, TypeScript or not, in the order of the files. */
export function houseFaults(sources: readonly Source[]): readonly Fault[] {
  const faults: Fault[] = []
  for (const source of sources) {
    faults.push(...textFaults(source))
    if (source.path.endsWith('.ts')) faults.push(...codeFaults(source))
  }
  return faults
}

/** A fault as one line that an editor can jump to. */
export function formatFault(fault: Fault): string {
  return `${fault.path}:${fault.line} ${fault.rule}: ${fault.message}`
}

// ── Text: what any file may not say ───────────────────────────────────────────

const MACHINE_PATH = /(?:^|[^A-Za-z0-9_.~])\/(?:work|root|home|Users)\/[A-Za-z]/

// `RFC 7401 §6.9` is the one form: it can be searched for, and it says which section.
const CITATION_FAULTS: readonly { readonly pattern: RegExp; readonly say: string }[] = [
  { pattern: /\bRFCs?[-_]?\d{3,5}/, say: 'a space between RFC and its number' },
  { pattern: /\b(?:rfc|Rfc) \d{3,5}/, say: 'RFC in capitals' },
  { pattern: /\bRFC \d{3,5},? (?:[Ss]ections?|[Ss]ect?\.|[Ss]\.|[Cc]hapter) ?\d/, say: '§ for a section' },
  { pattern: /\bRFC \d{3,5} \d+\.\d/, say: '§ before the number of a section' },
  { pattern: /\bRFC \d{3,5}§/, say: 'a space before §' },
  { pattern: /\b[Ss]ections? \d+(?:\.\d+)* of (?:RFC|MOVING|DESIGN)/, say: 'the document first, then §' },
  { pattern: /\b(?:MOVING|DESIGN),? (?:[Ss]ection|[Ss]ect?\.|\d)/, say: '§ for a section' },
  { pattern: /§(?:§| \d)/, say: 'no space after §, and one § a section' },
]

function textFaults({ path, text }: Source): Fault[] {
  const faults: Fault[] = []
  const cites = path.endsWith('.ts') || path.endsWith('.md')
  text.split('\n').forEach((line, index) => {
    const add = (rule: Rule, message: string) => faults.push({ rule, path, line: index + 1, message })
    if (MACHINE_PATH.test(line)) add('machine-path', 'a path of one machine; derive it, or make it an argument')
    if (!cites) return
    for (const { pattern, say } of CITATION_FAULTS) {
      if (pattern.test(line)) add('citation', `cite as "RFC 7401 §6.9": ${say}`)
    }
  })
  return faults
}

// ── Code: what a syntax tree may not hold ─────────────────────────────────────

type Add = (rule: Rule, node: ts.Node, message: string) => void

function codeFaults(source: Source): Fault[] {
  const faults: Fault[] = []
  const { path, text } = source
  const file = parse(source)
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line + 1
  const add: Add = (rule, node, message) => {
    faults.push({ rule, path, line: lineOf(node.getStart(file)), message })
  }
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  if (lines > FILE_LINES_MAX) {
    faults.push({
      rule: 'file-length',
      path,
      line: lines,
      message: `${lines} lines; split it, at most ${FILE_LINES_MAX}`,
    })
  }
  for (const { specifier, node } of importsOf(file)) importFaults(path, specifier, node, add)
  if (ENTRIES.includes(path)) entryFaults(file, add)
  const pure = LAYERS[folderOf(path) ?? '']?.pure === true
  const visit = (node: ts.Node): void => {
    if (pure) ambientFaults(node, add)
    typeHoles(node, add)
    functionLength(node, file, add)
    ts.forEachChild(node, visit)
  }
  visit(file)
  for (const hole of text.matchAll(/@ts-(?:ignore|nocheck)|biome-ignore|@ts-expect-error/g)) {
    if (hole[0] === '@ts-expect-error' && path.startsWith('test/types/')) continue
    if (isInComment(file, hole.index)) {
      faults.push({ rule: 'type-hole', path, line: lineOf(hole.index), message: `${hole[0]}: fix what it hides` })
    }
  }
  return faults
}

function parse({ path, text }: Source): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS)
}

/** The folder of src a file belongs to; undefined for the entries and for everything outside src. */
function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1]
}

/** The layer that an import reaches: a folder of src, or one by its published front door, such as src/wire.ts. */
function layerOf(path: string): string | undefined {
  return folderOf(path) ?? /^src\/([^/]+)\.ts$/.exec(path)?.[1]
}

function importsOf(file: ts.SourceFile): { specifier: string; node: ts.Node }[] {
  const found: { specifier: string; node: ts.Node }[] = []
  const visit = (node: ts.Node): void => {
    const target = moduleOf(node)
    if (target !== undefined) found.push({ specifier: target, node })
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** The module that an import of any kind names: static, re-export, dynamic, require, or in a type. */
function moduleOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literal(node.moduleSpecifier)
  if (ts.isExternalModuleReference(node)) return literal(node.expression)
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return literal(node.argument.literal)
  if (!ts.isCallExpression(node)) return undefined
  const callee = node.expression
  const loads = callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
  return loads ? (literal(node.arguments[0]) ?? '<computed>') : undefined
}

function literal(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined
}

function importFaults(path: string, specifier: string, node: ts.Node, add: Add): void {
  if (!path.startsWith('src/')) return
  if (specifier.startsWith('.')) layerFaults(path, specifier, node, add)
  else if (specifier.startsWith('node:')) builtinFaults(path, specifier, node, add)
  else packageFaults(path, specifier, node, add)
}

function layerFaults(path: string, specifier: string, node: ts.Node, add: Add): void {
  const target = resolve(path, specifier)
  const from = folderOf(path)
  const to = layerOf(target)
  if (from === undefined) {
    doorFaults(path, to, node, add)
    return
  }
  if (from === to) return
  const allowed = LAYERS[from]?.imports
  if (allowed === undefined) add('layer', node, `src/${from} is no layer of DESIGN §2`)
  else if (to === undefined || !allowed.includes(to)) {
    add('layer', node, `${from} may not import ${target}; it may import ${allowed.join(', ') || 'nothing'}`)
  }
}

/** src/wire.ts and src/sim.ts show one layer each; src/index.ts shows what users hold, of whatever layer. */
function doorFaults(path: string, to: string | undefined, node: ts.Node, add: Add): void {
  const own = layerOf(path) ?? ''
  if (own in LAYERS && to !== own) add('layer', node, `${path} shows src/${own} and nothing else`)
}

function builtinFaults(path: string, specifier: string, node: ts.Node, add: Add): void {
  const folder = folderOf(path) ?? ''
  const allowed = LAYERS[folder]?.builtins ?? []
  if (allowed !== 'all' && !allowed.includes(specifier)) add('builtin', node, `${specifier} is not for ${path}`)
}

function packageFaults(path: string, specifier: string, node: ts.Node, add: Add): void {
  const parts = specifier.split('/')
  const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
  const places = PACKAGES[name] ?? []
  const placed = places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place))
  if (!placed) add('package', node, `${name} belongs to ${places.join(', ') || 'no file of this project (DESIGN §3)'}`)
}

function resolve(path: string, specifier: string): string {
  return posix.normalize(`${dirname(path)}/${specifier}`)
}

/** A published entry is a list of names: every statement re-exports. */
function entryFaults(file: ts.SourceFile, add: Add): void {
  for (const statement of file.statements) {
    const listed =
      ts.isExportDeclaration(statement) &&
      statement.moduleSpecifier !== undefined &&
      statement.exportClause !== undefined &&
      ts.isNamedExports(statement.exportClause)
    if (!listed) add('entry', statement, 'an entry only re-exports, name by name')
  }
}

function ambientFaults(node: ts.Node, add: Add): void {
  if (ts.isPropertyAccessExpression(node) && AMBIENT_MEMBERS.has(node.getText())) {
    add('ambient', node, `${node.getText()}: luck is an argument (DESIGN §1)`)
  }
  if (ts.isAwaitExpression(node) || node.kind === ts.SyntaxKind.AsyncKeyword) {
    add('ambient', node, 'nothing waits below node/ (DESIGN §1)')
  }
  if (!ts.isIdentifier(node) || !AMBIENT.has(node.text) || isMerelyAName(node)) return
  add('ambient', node, `${node.text}: time, luck and the event loop are arguments (DESIGN §1)`)
}

/** True where an identifier names a member or declares something instead of reading a global. */
function isMerelyAName(node: ts.Identifier): boolean {
  const parent = node.parent
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node
  if (ts.isQualifiedName(parent)) return parent.right === node
  if (ts.isShorthandPropertyAssignment(parent)) return false
  return isNamed(parent) && parent.name === node
}

function isNamed(node: ts.Node): node is ts.Node & { readonly name: ts.Node } {
  return 'name' in node && node.name !== undefined
}

function typeHoles(node: ts.Node, add: Add): void {
  if (node.kind === ts.SyntaxKind.AnyKeyword) add('type-hole', node, 'any: say what it is, or unknown')
  if (ts.isNonNullExpression(node)) add('type-hole', node, '!: use a guard or assert')
  if ((ts.isPropertyDeclaration(node) || ts.isVariableDeclaration(node)) && node.exclamationToken !== undefined) {
    add('type-hole', node, '!: give it a value')
  }
  if (ts.isAsExpression(node) && node.type.kind === ts.SyntaxKind.NeverKeyword) {
    add('type-hole', node, 'as never: give it its type, or call what takes anything by Reflect.apply')
  }
  const cast = ts.isAsExpression(node) && ts.isAsExpression(node.expression) ? node.expression : undefined
  if (cast?.type.kind === ts.SyntaxKind.UnknownKeyword) add('type-hole', node, 'as unknown as: use a guard')
}

function functionLength(node: ts.Node, file: ts.SourceFile, add: Add): void {
  if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined || isSuite(node)) return
  const first = file.getLineAndCharacterOfPosition(node.getStart(file)).line
  const last = file.getLineAndCharacterOfPosition(node.getEnd()).line
  const lines = last - first + 1
  if (lines > FUNCTION_LINES_MAX) add('function-length', node, `${lines} lines; at most ${FUNCTION_LINES_MAX}`)
}

/** The callback of `describe` is a chapter, not a function. */
function isSuite(node: ts.Node): boolean {
  if (!ts.isCallExpression(node.parent)) return false
  return /^describe\b/.test(node.parent.expression.getText())
}

function isInComment(file: ts.SourceFile, position: number): boolean {
  let inside = true
  const visit = (node: ts.Node): void => {
    if (node.getStart(file) <= position && position < node.getEnd()) {
      if (ts.isStringLiteralLike(node) || ts.isRegularExpressionLiteral(node) || ts.isTemplateLiteralToken(node)) {
        inside = false
      }
      ts.forEachChild(node, visit)
    }
  }
  visit(file)
  return inside
}

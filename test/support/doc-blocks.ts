// Programs inside the documentation: every ```ts block of README.md and docs/ and every @example of src is taken out, compiled under
// the project's own strictness against the package by its name, and can be run as a stranger's program would be.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { filesUnder, ROOT, readText } from './tree.ts'

/** One fenced block. `mark` is what follows `ts` on the fence, such as `runnable`; '' if nothing does. */
export interface DocBlock {
  readonly file: string
  /** Of its first line, from 1. */
  readonly line: number
  readonly mark: string
  readonly text: string
}

const FOLDER = join(ROOT, 'dist', 'docs-blocks')

/** Every TypeScript block of the documentation. */
export function docBlocks(): readonly DocBlock[] {
  const documents = [{ path: 'README.md', text: readText('README.md') }, ...filesUnder('docs')]
  return documents.filter(({ path }) => path.endsWith('.md')).flatMap(({ path, text }) => blocksOf(path, text))
}

function blocksOf(file: string, text: string): DocBlock[] {
  return [...text.matchAll(/^```ts *(.*)\n([\s\S]*?)^```$/gm)].map(([fence, mark = '', body = '']) => {
    const line = text.slice(0, text.indexOf(fence)).split('\n').length + 1
    return { file, line, mark: mark.trim(), text: body }
  })
}

/** Every `@example` of the sources, as a program that can be run; `mark` is the name of what it is an example of. */
export function exampleBlocks(): readonly DocBlock[] {
  return filesUnder('src').flatMap(({ path, text }) =>
    [
      ...text.matchAll(
        /\/\*\*((?:(?!\*\/)[\s\S])*?)@example\s([\s\S]*?)\*\/\s+(?:export |static |async |get |function |class )*(\w+)/g,
      ),
    ].map(({ 1: before = '', 2: body = '', 3: mark = '', index }) => {
      const line = text.slice(0, index + before.length).split('\n').length
      return { file: path, line, mark, text: `${PRELUDE}{\n${body.replace(/^ *\* ?/gm, '')}\n}\n` }
    }),
  )
}

/** What the examples take for granted: a host and a target host of one ledger, an endpoint, a peer, a stored capsule. */
const PRELUDE = `import { readFileSync, writeFileSync } from 'node:fs'
import { Endpoint, Host, SojournAgent, sojournConnection, sojournConnector, thaw } from 'sojourn'

const host = await Host.open({ home: 'here' })
const target = await Host.open({ home: 'there' })
const endpoint = await Endpoint.open({ host, ledger: host.ledger() })
const peer = (await Endpoint.open()).peer
const stored = await Endpoint.open({ host, ledger: host.ledger() })
await stored.datagrams(7)
writeFileSync('capsule', await stored.freeze({ to: host.kem, state: Buffer.from('mine') }))
`

/** Where a block was compiled to: run it with `node`. `name` is that of `compileBlocks`. */
export function programPath(name: string): string {
  return join(FOLDER, `${name}.js`)
}

/**
 * A program that runs compiled blocks one after another, all in one process, and prints what has become of each: `NAME ok`, or `NAME`
 * and what it failed with.
 */
export function programOfAll(names: readonly string[]): string {
  const path = programPath('all')
  writeFileSync(
    path,
    `for (const name of ${JSON.stringify(names)}) {
      const fault = await import(\`./\${name}.js\`).then(() => 'ok', (error) => String(error))
      console.log(name, fault)
    }
    process.exit()
    `,
  )
  return path
}

/** Compiles blocks by name and returns what the compiler says against them; '' if nothing. */
export function compileBlocks(blocks: ReadonlyMap<string, DocBlock>): string {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  for (const [name, { text }] of blocks) writeFileSync(join(FOLDER, `${name}.ts`), text)
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT)
  const program = ts.createProgram(
    [...blocks.keys()].map((name) => join(FOLDER, `${name}.ts`)),
    { ...options, ...STANDALONE, outDir: FOLDER, rootDir: FOLDER },
  )
  program.emit()
  const own = ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file === undefined || file.fileName.startsWith(FOLDER))
  return ts.formatDiagnostics(own, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => FOLDER,
    getNewLine: () => '\n',
  })
}

// A program on its own, not a part of the project: no declarations, and what it leaves unused is its own business.
const STANDALONE: ts.CompilerOptions = {
  composite: false,
  incremental: false,
  declaration: false,
  declarationMap: false,
  sourceMap: false,
  isolatedDeclarations: false,
  noUnusedLocals: false,
}

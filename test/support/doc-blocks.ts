// Programs inside the documentation: every ```ts block of README.md and docs/ is taken out, compiled under the project's own
// strictness against the package by its name, and can be run as a stranger's program would be.

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

/** Where a block was compiled to: run it with `node`. `name` is that of `compileBlocks`. */
export function programPath(name: string): string {
  return join(FOLDER, `${name}.js`)
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

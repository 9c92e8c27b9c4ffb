// Loads a test file with sources of which some are edited on the way into memory: no file is touched. What an edit reaches, by however
// many imports, is evaluated anew, before and after; what it does not reach is the same for all.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createViteServer } from 'vitest/node'
import { BACKSTAGE, type Backstage, type Collected } from './backstage.ts'
import type { Edit } from './control.ts'

type Server = Awaited<ReturnType<typeof createViteServer>>

/** A module that has been evaluated, and the ids of those that import it. */
interface Evaluated {
  readonly id: string
  readonly importers: ReadonlySet<string>
}

/** What imports modules for us, and keeps them. */
interface Runner {
  readonly evaluatedModules: {
    getModuleById(id: string): Evaluated | undefined
    getModulesByFile(file: string): ReadonlySet<Evaluated> | undefined
    /** Evaluates it anew the next time it is wanted. */
    invalidateModule(module: Evaluated): void
  }
  import(file: string): Promise<unknown>
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const STAND_IN = fileURLToPath(new URL('./stand-in.ts', import.meta.url))

let server: Server | undefined
let edits: readonly Edit[] = []

/** The tests in `file`, on sources with these edits. Throws if what is to be edited is not there exactly once. */
export async function load(
  file: string,
  wanted: readonly Edit[],
  means: Omit<Backstage, 'collected'>,
): Promise<readonly Collected[]> {
  for (const edit of wanted) {
    const found = readFileSync(ROOT + edit.file, 'utf8').split(edit.find).length - 1
    if (found !== 1) throw new Error(`${edit.file} has this ${found} times, not once:\n${edit.find}`)
  }
  server ??= await open()
  const graph = server.environments.ssr.moduleGraph
  for (const edit of [...edits, ...wanted]) {
    for (const module of graph.getModulesByFile(ROOT + edit.file) ?? []) graph.invalidateModule(module)
  }
  const runner = runnerOf(server)
  const changed = [...edits, ...wanted].map((edit) => ROOT + edit.file)
  forget(runner, [...changed, ROOT + file, STAND_IN])
  edits = wanted
  const collected: Collected[] = []
  Reflect.set(globalThis, BACKSTAGE, { ...means, collected })
  await runner.import(ROOT + file)
  return collected
}

export async function unload(): Promise<void> {
  await server?.close()
}

/** These files, and whatever imports them. */
function forget({ evaluatedModules }: Runner, files: readonly string[]): void {
  const reached = new Set<Evaluated>()
  const waiting = files.flatMap((file) => [...(evaluatedModules.getModulesByFile(file) ?? [])])
  for (let module = waiting.pop(); module !== undefined; module = waiting.pop()) {
    if (reached.has(module)) continue
    reached.add(module)
    for (const id of module.importers) {
      const importer = evaluatedModules.getModuleById(id)
      if (importer !== undefined) waiting.push(importer)
    }
  }
  for (const module of reached) evaluatedModules.invalidateModule(module)
}

function runnerOf({ environments }: Server): Runner {
  if (!('runner' in environments.ssr)) throw new Error('this environment runs nothing')
  return environments.ssr.runner as Runner
}

async function open(): Promise<Server> {
  return createViteServer({
    configFile: false,
    root: ROOT,
    appType: 'custom',
    logLevel: 'error',
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
    resolve: { alias: [{ find: /^vitest$/, replacement: STAND_IN }] },
    plugins: [{ name: 'sabotage', enforce: 'pre', transform: (code: string, id: string) => sabotaged(code, id) }],
  })
}

function sabotaged(code: string, id: string): string {
  return edits
    .filter(({ file }) => id === ROOT + file)
    .reduce((text, { find, replace }) => text.replace(find, () => replace), code)
}

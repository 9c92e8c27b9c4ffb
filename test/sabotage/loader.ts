// Loads a test file with a copy of every source of its own, some of them edited on the way into memory: no file is touched.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createViteServer } from 'vitest/node'
import { BACKSTAGE, type Backstage, type Collected } from './backstage.ts'
import type { Edit } from './control.ts'

type Server = Awaited<ReturnType<typeof createViteServer>>

/** What imports modules for us. Its cache is what makes a copy: emptied, it evaluates everything anew. */
interface Runner {
  clearCache(): void
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
  edits = wanted
  const collected: Collected[] = []
  Reflect.set(globalThis, BACKSTAGE, { ...means, collected })
  const runner = runnerOf(server)
  runner.clearCache()
  await runner.import(ROOT + file)
  return collected
}

export async function unload(): Promise<void> {
  await server?.close()
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

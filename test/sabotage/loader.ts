// Loads a scenario file with its own copy of every source, some of them edited.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createViteServer } from 'vitest/node'
import { BACKSTAGE, type Backstage, type Collected } from './backstage.ts'
import type { Edit } from './controls.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

type Server = Awaited<ReturnType<typeof createViteServer>>
let server: Server | undefined
let edits: readonly Edit[] = []

/** The tests of a scenario file, on sources with these edits. */
export async function load(
  scenario: string,
  wanted: readonly Edit[],
  means: Omit<Backstage, 'collected'>,
): Promise<readonly Collected[]> {
  const collected: Collected[] = []
  Reflect.set(globalThis, BACKSTAGE, { ...means, collected })
  server ??= await open()
  const touched = [...edits, ...wanted].map(({ file }) => ROOT + file)
  edits = wanted
  const graph = server.environments.ssr.moduleGraph
  for (const file of touched) for (const module of graph.getModulesByFile(file) ?? []) graph.invalidateModule(module)
  const found = wanted.filter(({ file, find }) => readFileSync(ROOT + file, 'utf8').split(find).length !== 2)
  if (found.length > 0) throw new Error(`to be found once: ${found.map(({ file, find }) => `${file}: ${find}`)}`)
  await fresh(server)(ROOT + scenario)
  return collected
}

export async function unload(): Promise<void> {
  await server?.close()
}

/** Importing by a runner that has run nothing yet. */
function fresh(server: Server): (file: string) => Promise<unknown> {
  const { ssr } = server.environments
  if (!('runner' in ssr)) throw new Error('the environment runs nothing')
  const runner = ssr.runner as { clearCache(): void; import(file: string): Promise<unknown> }
  runner.clearCache()
  return (file) => runner.import(file)
}

async function open(): Promise<Server> {
  return createViteServer({
    configFile: false,
    root: ROOT,
    appType: 'custom',
    logLevel: 'error',
    server: { middlewareMode: true, hmr: false, watch: null },
    optimizeDeps: { noDiscovery: true },
    resolve: { alias: [{ find: /^vitest$/, replacement: fileURLToPath(new URL('./stand-in.ts', import.meta.url)) }] },
    plugins: [
      {
        name: 'sabotage',
        enforce: 'pre',
        transform(code: string, id: string) {
          return edits
            .filter(({ file }) => id === ROOT + file)
            .reduce((text, { find, replace }) => text.replace(find, () => replace), code)
        },
      },
    ],
  })
}

// How tests run: sources as they are, in forked processes, on three workers whatever the machine, because some files wait more
// than they compute. Those that wait longest begin first. Files that leave nothing behind share a process, so that most modules are
// loaded once and not a hundred times. With SOJOURN_TEST_REPORT=FILE the results also go to that file as JSON, so that .ci/run can
// count them without changing the command.

import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const report = process.env.SOJOURN_TEST_REPORT

/** Seconds that do not pass any faster on a faster machine; nothing should be left waiting for them at the end. */
const LONG = ['docs/programs', 'node/secrets', 'node/port-changes', 'node/demo', 'node/cli', 'seeds/seeds']

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const index = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return index < 0 ? LONG.length : index
    }
    const sorted = (await super.sort(files)).sort((a, b) => place(a) - place(b))
    // A process that is shared ends when the next file wants one of its own.
    return sorted.sort((a, b) => Number(b.project.config.isolate) - Number(a.project.config.isolate))
  }
}

/**
 * Folders whose tests change nothing but what they make themselves; and the files in them that stand something in for a module, or weigh
 * what a process keeps.
 */
const TOGETHER =
  '{base,bench,conformance,core,crypto,docs,fuzz,inspect,ledger,moments,moving,node,review,scenarios,seeds,sim,transport,wire}'
const APART = [
  ...[
    'core/colliding-hits',
    'core/colliding-plain',
    'core/cost',
    'core/kept-memory',
    'core/r1-pool',
    'crypto/noble-in-use',
    'inspect/colliding-hits',
  ],
  ...['conformance/sabotage', 'node/kept-memory', 'node/secrets', 'node/secret-forms', 'node/rehearsal'],
  'node/dgram-in-use',
]
const together = `test/${TOGETHER}/**/*.test.ts`
const apart = APART.map((name) => `test/${name}.test.ts`)
/** All that is together, but for those. */
const others = together.replace('**/*.', `**/!(${APART.map((name) => name.split('/')[1]).join('|')}).`)
/** Wants what is not in a clone, or more time than all the others. */
const ORACLES = 'test/oracles/**/*.test.ts'
const LINKS = 'test/links/**/*.test.ts'
const WALKS = 'test/exhaustive/**/*.test.ts'
/** What sends, receives or seals, once more without koffi: `npx vitest run --project portable`. */
const PORTABLE = 'test/node/**/*.test.ts'
const INTEROP = 'test/interop/**/*.test.ts'
const never = ['**/node_modules/**', '**/dist/**']

function project(name: string, include: string, exclude: readonly string[], isolate: boolean) {
  return { extends: true as const, test: { name, include: [include], exclude: [...never, ...exclude], isolate } }
}

/** Without koffi. */
function portable(name: string, include: string, exclude: readonly string[]) {
  const { test: settings, ...rest } = project(name, include, exclude, true)
  return { ...rest, test: { ...settings, env: { SOJOURN_PORTABLE: '1' } } }
}

export default defineConfig({
  test: {
    projects: [
      project('together', together, apart, false),
      project('apart', 'test/**/*.test.ts', [others, ORACLES, LINKS, WALKS, INTEROP], true),
      // What they look at is taken from node:dgram.
      portable('oracles', ORACLES, []),
      project('links', LINKS, [], true),
      project('walks', WALKS, [], true),
      portable('portable', PORTABLE, ['test/node/accelerated/**']),
      project('interop', INTEROP, [], true),
    ],
    pool: 'forks',
    setupFiles: 'test/setup.ts',
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    exclude: never,
    ...(report ? { reporters: ['default', ['json', { outputFile: report }]] } : {}),
  },
})

// How tests run: sources as they are, in forked processes, on three workers whatever the machine, because some files wait more
// than they compute. Those that wait longest begin first. With SOJOURN_TEST_REPORT=FILE the results also go to that file as JSON, so
// that .ci/run can count them without changing the command.

import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const report = process.env.SOJOURN_TEST_REPORT

/** Seconds that do not pass any faster on a faster machine; nothing should be left waiting for them at the end. */
const LONG = ['node/port-changes', 'node/cli', 'docs/programs', 'node/demo', 'seeds/seeds', 'node/secrets']

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const index = LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
      return index < 0 ? LONG.length : index
    }
    return (await super.sort(files)).sort((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    exclude: ['**/node_modules/**', '**/dist/**'],
    ...(report ? { reporters: ['default', ['json', { outputFile: report }]] } : {}),
  },
})

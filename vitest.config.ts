// How tests run: sources as they are, in forked processes, on two workers whatever the machine. With SOJOURN_TEST_REPORT=FILE
// the results also go to that file as JSON, so that .ci/run can count them without changing the command.

import { defineConfig } from 'vitest/config'

const report = process.env.SOJOURN_TEST_REPORT

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    exclude: ['**/node_modules/**', '**/dist/**'],
    ...(report ? { reporters: ['default', ['json', { outputFile: report }]] } : {}),
  },
})

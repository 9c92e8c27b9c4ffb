// Every negative control of MOVING §9 is noticed: the scenario that it names passes on the sources as they are and fails on
// sabotaged ones. The sources are sabotaged on the way into memory; no file is touched.

import { afterAll, describe, expect, it, vi } from 'vitest'
import { CONTROLS } from './controls.ts'
import { load, unload } from './loader.ts'

afterAll(unload)

describe('as long as nothing is sabotaged', () => {
  it.each([...new Set(CONTROLS.map(({ file }) => file))])('%s passes', async (scenario) => {
    const tests = await load(scenario, [], { expect, vi })
    const named = CONTROLS.filter((control) => control.file === scenario).map(({ notices }) => notices)
    for (const name of new Set(named)) {
      const found = tests.filter((test) => test.name === name)
      expect(found.length, name).toBe(1)
      await found[0]?.run()
    }
  })
})

describe('a release with', () => {
  it.each(CONTROLS.map((control) => [control.breaks, control] as const))(
    '%s is noticed',
    async (_, { file, edits, notices }) => {
      const tests = await load(file, edits, { expect, vi })
      const run = async () => tests.find(({ name }) => name === notices)?.run()
      // An expectation that is not met: nothing else counts, least of all an edit that does not even run.
      await expect(run()).rejects.toMatchObject({ name: 'AssertionError' })
    },
  )
})

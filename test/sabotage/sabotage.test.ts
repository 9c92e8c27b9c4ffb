// Every negative control of MOVING §9 is noticed: the scenario that it names passes on the sources as they are and fails on
// sabotaged ones. The sources are sabotaged on the way into memory; no file is touched.

import { afterAll, describe, expect, it, vi } from 'vitest'
import { CONTROLS } from './controls.ts'
import { load, unload } from './loader.ts'

afterAll(unload)

describe('as long as nothing is sabotaged', () => {
  it.each([...new Set(CONTROLS.map(({ scenario }) => scenario))])('%s passes', async (scenario) => {
    const tests = await load(scenario, [], { expect, vi })
    const named = CONTROLS.filter((control) => control.scenario === scenario).map(({ notices }) => notices)
    for (const name of new Set(named)) {
      const found = tests.filter((test) => test.name === name)
      expect(found.length, name).toBe(1)
      await found[0]?.run()
    }
  })
})

describe('a release with', () => {
  it.each(CONTROLS)('$breaks is noticed', async ({ scenario, edits, notices }) => {
    const tests = await load(scenario, edits, { expect, vi })
    const run = async () => tests.find(({ name }) => name === notices)?.run()
    await expect(run()).rejects.toThrow()
  })
})

// What the test that sabotages hands to the scenario files it loads, and gets back from them.

import type * as vitest from 'vitest'

/** One test of a scenario file, by its full name: the names of its describes, then its own. */
export interface Collected {
  readonly name: string
  run(): unknown
}

/** What lies on `globalThis`, under `BACKSTAGE`, while a scenario file is loaded. */
export interface Backstage {
  readonly expect: typeof vitest.expect
  readonly vi: typeof vitest.vi
  readonly collected: Collected[]
}

export const BACKSTAGE = 'sojournBackstage'

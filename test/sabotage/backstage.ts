// What the test that sabotages hands to the scenario files it loads, and gets back from them.

import type * as vitest from 'vitest'

/** One test of a file, by its full name: the names of its describes, then its own. */
export interface Collected {
  readonly name: string
  /** The same as it stands in the file, before `each` has put the values of a row in. */
  readonly template: string
  run(): unknown
}

/** What lies on `globalThis`, under `BACKSTAGE`, while a scenario file is loaded. */
export interface Backstage {
  readonly expect: typeof vitest.expect
  readonly vi: typeof vitest.vi
  readonly collected: Collected[]
}

export const BACKSTAGE = 'sojournBackstage'

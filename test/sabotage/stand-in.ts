// Stands in for vitest when a scenario file is loaded from sabotaged sources: it collects the tests instead of running them.
// `expect` and the rest are those of the test that loads it, handed over on `globalThis`.

import { BACKSTAGE, type Backstage } from './backstage.ts'

const backstage: Backstage = Reflect.get(globalThis, BACKSTAGE)
const around: string[] = []

export const expect: Backstage['expect'] = backstage.expect
export const vi: Backstage['vi'] = backstage.vi

export function describe(name: string, body: () => void): void {
  around.push(name)
  body()
  around.pop()
}

export const it: typeof collect & { readonly each: typeof each } = Object.assign(collect, { each })

function collect(name: string, run: () => unknown): void {
  backstage.collected.push({ name: [...around, name].join(' > '), run })
}

/** Only rows that are arrays, with `%s` and `%i` in the name: what the scenarios use. */
function each(rows: readonly (readonly unknown[])[]) {
  return (name: string, run: (...row: never[]) => unknown): void => {
    for (const row of rows) {
      const cells = [...row]
      collect(
        name.replace(/%[si]/g, () => String(cells.shift())),
        () => Reflect.apply(run, undefined, row),
      )
    }
  }
}

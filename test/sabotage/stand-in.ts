// Stands in for vitest when a scenario file is loaded from sabotaged sources: it collects the tests instead of running them.
// `expect` and the rest are those of the test that loads it, handed over on `globalThis`.

import { BACKSTAGE, type Backstage } from './backstage.ts'

const backstage: Backstage = Reflect.get(globalThis, BACKSTAGE)
const around: string[] = []

export const expect: Backstage['expect'] = backstage.expect
export const vi: Backstage['vi'] = backstage.vi

export const describe: typeof group & { readonly each: ReturnType<typeof eachOf> } = Object.assign(group, {
  each: eachOf(group),
})

function group(name: string, body: () => unknown): void {
  around.push(name)
  body()
  around.pop()
}

export const it: typeof collect & { readonly each: ReturnType<typeof eachOf> } = Object.assign(collect, {
  each: eachOf(collect),
})

function collect(name: string, run: () => unknown): void {
  backstage.collected.push({ name: [...around, name].join(' > '), run })
}

/** `%s`, `%i` and `%d` in the name take the cells of a row in turn; a row of one cell need not be an array. */
function eachOf(make: (name: string, run: () => unknown) => void) {
  return (rows: readonly unknown[]) =>
    (name: string, run: (...row: never[]) => unknown): void => {
      for (const row of rows) {
        const whole: readonly unknown[] = Array.isArray(row) ? row : [row]
        const cells = [...whole]
        make(
          name.replace(/%[sid]/g, () => String(cells.shift())),
          () => Reflect.apply(run, undefined, whole),
        )
      }
    }
}

// Stands in for vitest when a test file is loaded from sabotaged sources: it collects the tests instead of running them.
// `expect` and the rest are those of the test that loads it, handed over on `globalThis`.

import { BACKSTAGE, type Backstage } from './backstage.ts'

const backstage: Backstage = Reflect.get(globalThis, BACKSTAGE)

/** A title as it stands in the file, and as it reads with the values of its row. */
interface Title {
  readonly template: string
  readonly name: string
}

type Row = readonly unknown[]

const around: Title[] = []

export const expect: Backstage['expect'] = backstage.expect
export const vi: Backstage['vi'] = backstage.vi

export const describe = Object.assign((name: string, body: () => void) => group({ template: name, name }, body), {
  each: eachOf<void>(group),
})

export const it = Object.assign((name: string, run: () => unknown) => collect({ template: name, name }, run), {
  each: eachOf<unknown>(collect),
})

function group(title: Title, body: () => void): void {
  around.push(title)
  body()
  around.pop()
}

function collect(title: Title, run: () => unknown): void {
  const titles = [...around, title]
  const joined = (part: keyof Title) => titles.map((one) => one[part]).join(' > ')
  backstage.collected.push({ name: joined('name'), template: joined('template'), run })
}

/** Of `each`: rows that are arrays are spread over the arguments, others are the one argument. Names may have `%s`, `%i`, `%d`. */
function eachOf<R>(place: (title: Title, run: () => R) => void) {
  return (rows: readonly unknown[]) =>
    (template: string, run: (...row: never[]) => R): void => {
      for (const row of rows) {
        const cells: Row = Array.isArray(row) ? row : [row]
        const values = [...cells]
        const name = template.replace(/%[sid]/g, () => String(values.shift()))
        place({ template, name }, () => Reflect.apply(run, undefined, cells))
      }
    }
}

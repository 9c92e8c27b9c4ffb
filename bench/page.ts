// The tables of docs/PERFORMANCE.md, written from what bench/results keeps: `npm run bench -- page`. A test holds that page and
// results agree, so no figure stands there that no bench has printed.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Figure, RESULTS, type Result } from './report.ts'

/** This file runs as it is, and compiled below `dist`. */
const ROOT = new URL(import.meta.url.includes('/dist/bench/') ? '../../' : '../', import.meta.url)
const PAGE = 'docs/PERFORMANCE.md'
const PLACES = /(<!-- results of (\w+) -->\n)[\s\S]*?(<!-- end of \2 -->)/g
/** Figures that are drawn: their cases are a name and how many there are. */
const DRAWN = /^(timers|look-ups)\/(\d+)$/
const BAR_WIDTH = 48

/** Writes the page anew; says how many of its places have results. */
export function writePage(): { readonly places: number; readonly measured: number } {
  const path = fileURLToPath(new URL(PAGE, ROOT))
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, filledPage(text, keptResult))
  const benches = [...text.matchAll(PLACES)].map(([, , bench = '']) => bench)
  return { places: benches.length, measured: benches.filter((bench) => keptResult(bench) !== undefined).length }
}

/** The kept run of a bench; undefined if there is none. */
export function keptResult(bench: string): Result | undefined {
  const path = fileURLToPath(new URL(`${RESULTS}/${bench}.json`, ROOT))
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

/** The page with the tables of these results in their places. */
export function filledPage(text: string, resultOf: (bench: string) => Result | undefined): string {
  return text.replace(PLACES, (_, begin: string, bench: string, end: string) => {
    const result = resultOf(bench)
    const none = `*No run is kept yet: \`npm run bench -- ${bench} --save\`, then \`npm run bench -- page\`.*`
    return `${begin}\n${result === undefined ? none : rendered(result)}\n\n${end}`
  })
}

/** One run as Markdown. */
export function rendered(result: Result): string {
  const { machine, node, commit, date } = result
  const where = `${machine.cpu.replace(/\s+/g, ' ')}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${node}`
  const head = `Commit ${commit}, ${date.slice(0, 10)}, ${where}. Medians, with the least and the most of the runs.`
  const drawn = result.figures.filter((figure) => DRAWN.test(figure.case))
  const listed = result.figures.filter((figure) => !drawn.includes(figure))
  const parts = [head, bars(result), figures(listed), ratios(result), ...plots(drawn), notes(result)]
  return parts.filter((part) => part !== '').join('\n\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** What was not measured is null in a kept run. */
function shown(value: number | null): string {
  return value === null || Number.isNaN(value) ? '–' : String(value)
}

function bars({ bars }: Result): string {
  const rows = bars.map(({ bar, wanted, measured, met }) => [bar, wanted, shown(measured), met ? 'yes' : '**no**'])
  return table(['bar', 'wanted', 'measured', 'met'], rows)
}

/** A row for each case, a column for each metric. */
function figures(all: readonly Figure[]): string {
  const metrics = [...new Set(all.map(({ metric, unit }) => (unit === '' ? metric : `${metric}, ${unit}`)))]
  const cell = (name: string, metric: string): string => {
    const found = all.find(
      (one) => one.case === name && metric === (one.unit === '' ? one.metric : `${one.metric}, ${one.unit}`),
    )
    if (found === undefined) return ''
    return found.runs === 1 ? shown(found.median) : `${shown(found.median)} (${shown(found.min)}–${shown(found.max)})`
  }
  const names = [...new Set(all.map((one) => one.case))]
  return table(
    ['', ...metrics],
    names.map((name) => [name, ...metrics.map((metric) => cell(name, metric))]),
  )
}

function ratios({ ratios }: Result): string {
  const rows = ratios.map(({ ratio: [above, below], metric = '', median }) => [above, below, metric, shown(median)])
  return table(['', 'beside', 'of', 'ratio'], rows)
}

/** Bars of text: how long each takes as there are more of them, in steps of ten. */
function plots(drawn: readonly Figure[]): string[] {
  const kinds = [...new Set(drawn.map((one) => DRAWN.exec(one.case)?.[1]))]
  const longest = Math.max(...drawn.map(({ median }) => median))
  return kinds.map((kind) => {
    const own = drawn.filter((one) => DRAWN.exec(one.case)?.[1] === kind)
    const lines = own.map((one) => {
      const count = Number(DRAWN.exec(one.case)?.[2]).toLocaleString('en')
      const length = Math.max(1, Math.round((BAR_WIDTH * one.median) / longest))
      return `${count.padStart(8)}  ${'#'.repeat(length)} ${one.median} ${one.unit}`
    })
    return [`${own[0]?.metric}, with so many of them:`, '', '```text', ...lines, '```'].join('\n')
  })
}

function notes({ notes }: Result): string {
  return [...new Set(notes)].map((note) => `* ${note}`).join('\n')
}

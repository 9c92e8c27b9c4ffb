// The repository as its tests see it: where it is, and which of its files are ours (nothing installed, built or private).

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Source } from './house-rules.ts'

/** The root of the repository, ending in a slash. Compiled tests live one folder deeper, under dist. */
export const ROOT: string = findRoot()

const SKIPPED: ReadonlySet<string> = new Set([
  'node_modules',
  'dist',
  '.git',
  'coverage',
  'reports',
  'package-lock.json',
])
const TEXT = /\.(?:ts|mts|js|mjs|json|md|svg|sh|yml|yaml)$|^[^.]+$|^\.[a-z]+$/

/** Every text file of the repository under `folder` (from the root; '' for all of it), by path. */
export function filesUnder(folder: string): readonly Source[] {
  const found: Source[] = []
  const walk = (path: string): void => {
    const entries = readdirSync(`${ROOT}${path}`, { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (SKIPPED.has(entry.name)) continue
      const inner = path === '' ? entry.name : `${path}/${entry.name}`
      if (entry.isDirectory()) walk(inner)
      else if (entry.isFile() && TEXT.test(entry.name)) found.push({ path: inner, text: readText(inner) })
    }
  }
  walk(folder)
  return found
}

/** The text of one file, by its path from the root. */
export function readText(path: string): string {
  return readFileSync(`${ROOT}${path}`, 'utf8')
}

function findRoot(): string {
  const up = import.meta.url.includes('/dist/test/') ? '../../../' : '../../'
  return fileURLToPath(new URL(up, import.meta.url))
}

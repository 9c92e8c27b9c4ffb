// Which constants of a folder are named as a limit or a time: whoever lists the limits of a layer must have them all.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { filesUnder, ROOT, readText } from './tree.ts'

/** A test that crosses a limit. */
export interface Elsewhere {
  readonly file: string
  readonly test: string
}

/** Their names with the files they stand in, of all files of a folder but these. */
export function strewnLimits(folder: string, but: readonly string[] = []): string[] {
  const files = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.ts') && !but.includes(name))
  return files.flatMap((name) =>
    [...readText(`${folder}/${name}`).matchAll(/^\s*(?:export )?const ([A-Z][A-Z_]*_(?:MAX|MIN|MS))\b/gm)].map(
      ([, constant]) => `${name}: ${constant}`,
    ),
  )
}

/** Constants of these folders, at any depth, that limit how many of something there are; with their files. */
export function countsUnder(...folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    filesUnder(folder).flatMap(({ path, text }) =>
      [...text.matchAll(/^(?:export )?const ([A-Z][A-Z_]*_(?:MAX|LIMIT|PER_[A-Z]+))\b/gm)].map(
        ([, constant]) => `${path.slice('src/'.length)}: ${constant}`,
      ),
    ),
  )
}

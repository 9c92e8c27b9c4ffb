// Vectors that nobody here wrote lie beside the repository, in ../shared. A test that needs them fails without them: an oracle
// that is skipped in silence is none.

import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { ROOT } from './tree.ts'

/** Reads a JSON file of ../shared, such as `vectors/hip-tlv.json`. Throws a plain sentence if it is not there. */
export function sharedJson(path: string): unknown {
  return JSON.parse(sharedText(path))
}

/** Reads a text of ../shared, such as `rfc/rfc7401.txt`. Throws a plain sentence if it is not there. */
export function sharedText(path: string): string {
  const url = new URL(`../shared/${path}`, pathToFileURL(ROOT))
  try {
    return readFileSync(url, 'utf8')
  } catch (cause) {
    throw new Error(`../shared/${path} cannot be read: put the shared vectors beside the repository`, { cause })
  }
}

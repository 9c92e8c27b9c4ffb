// A folder for one test file, gone when it is over.

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeLater } from './afterwards.ts'

/** Makes a folder below the system's temporary one, and removes it after the tests of this file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sojourn-test-'))
  removeLater(folder)
  return folder
}

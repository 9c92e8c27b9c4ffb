// Writes docs/CONFORMANCE.md anew.

import { writeFileSync } from 'node:fs'
import { ROOT } from '../support/tree.ts'
import { conformancePage, PAGE_PATH } from './page.ts'
import { SECTIONS } from './requirements.ts'

writeFileSync(ROOT + PAGE_PATH, conformancePage(SECTIONS))

// What a test or a file of tests leaves behind is taken away after it. Whoever makes something says here how to; the hooks are set up
// for every file (vitest.config.ts), also where files share a process and this module is loaded once for all of them.

import { rmSync } from 'node:fs'
import { afterAll, afterEach } from 'vitest'

const afterTest: (() => unknown)[] = []
const folders = new Set<string>()

/** To be done after the test that runs, and before what was said earlier. */
export function afterThisTest(work: () => unknown): void {
  afterTest.push(work)
}

/** This folder is gone after the file that runs. */
export function removeLater(folder: string): void {
  folders.add(folder)
}

/** For the setup of a file. */
export function takeAwayAfterwards(): void {
  afterEach(async () => {
    for (const work of afterTest.splice(0).reverse()) await work()
  })
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
    folders.clear()
  })
}

// Reads what a stage of .ci/run printed.
//   node .ci/summary.mjs vitest FILE    prints "PASSED FAILED" from vitest's JSON report
//   node .ci/summary.mjs demo < LINES   exits 1 unless the last line is the summary of a demo that went well (DESIGN §10)

import { existsSync, readFileSync } from 'node:fs'

// The first act of the demo, of datagrams, has this long; how long all of it may take is for whoever started it to watch.
const DATAGRAMS_MS = 20_000

const [what, file] = process.argv.slice(2)
if (what === 'vitest') vitest(file)
else if (what === 'demo') demo(readFileSync(0, 'utf8'))
else throw new Error(`summary.mjs: vitest or demo, not ${what}`)

function vitest(path) {
  if (!existsSync(path)) {
    console.log('0 1')
    return
  }
  const report = JSON.parse(readFileSync(path, 'utf8'))
  // A file that does not even load has no tests of its own; it is a failure all the same. So is a skipped test.
  const unloaded = report.testResults.filter((result) => result.status === 'failed' && !result.assertionResults.length)
  const skipped = report.numPendingTests + report.numTodoTests
  console.log(`${report.numPassedTests} ${report.numFailedTests + unloaded.length + skipped}`)
}

function demo(text) {
  const last = text.trim().split('\n').at(-1) ?? ''
  const summary = JSON.parse(last)
  const wanted = { ok: true, baseExchanges: 1, lost: 0, duplicated: 0 }
  const wrong = Object.entries(wanted).filter(([key, value]) => summary[key] !== value)
  for (const [key, value] of wrong) console.error(`demo: ${key} is ${JSON.stringify(summary[key])}, not ${value}`)
  if (!(summary.moves?.length >= 4)) {
    console.error(`demo: ${summary.moves?.length ?? 0} moves, not three and a double one`)
    process.exitCode = 1
  }
  const ended = summary.acts?.find(({ act }) => act === 'datagrams')?.endedMs
  if (!(ended <= DATAGRAMS_MS)) {
    console.error(`demo: the datagrams ended after ${ended} ms, not within ${DATAGRAMS_MS}`)
    process.exitCode = 1
  }
  if (!(summary.sent > 0 && summary.answered === summary.sent)) {
    console.error(`demo: ${summary.answered} of ${summary.sent} answered`)
    process.exitCode = 1
  }
  const downloads = summary.downloads ?? []
  if (
    downloads.length !== 2 ||
    !downloads.every((one) => one.intact === true && one.bytes > 0 && one.baseExchanges === 1)
  ) {
    console.error(`demo: not two rounds of downloads, each byte by byte what was served: ${JSON.stringify(downloads)}`)
    process.exitCode = 1
  }
  if (wrong.length > 0) process.exitCode = 1
}

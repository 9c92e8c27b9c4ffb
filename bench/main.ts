// npm run bench -- handshakes|datagrams|streams|lossy|moves|memory|flood [--json]: figures between real processes on loopback,
// each beside its peers in one interleaved run, as medians and ratios. Ends with 1 if a bar is missed.

import { datagrams } from './datagrams.ts'
import { flood } from './flood.ts'
import { handshakes } from './handshakes.ts'
import { memory } from './memory.ts'
import { moves } from './moves.ts'
import { streams } from './streams.ts'
import { Report } from './support.ts'

const BENCHES: Readonly<Record<string, (report: Report) => Promise<boolean>>> = {
  handshakes,
  datagrams,
  streams,
  moves,
  memory,
  flood,
}

const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const json = process.argv.includes('--json')
const chosen = names.length > 0 ? names : Object.keys(BENCHES)
const unknown = chosen.find((name) => BENCHES[name] === undefined)
if (unknown !== undefined) {
  console.error(`bench: ${unknown} is not one of ${Object.keys(BENCHES).join(', ')}`)
  process.exit(2)
}
for (const name of chosen) {
  const report = new Report(name, json)
  report.end((await BENCHES[name]?.(report)) ?? false)
}

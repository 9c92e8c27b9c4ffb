// npm run bench -- NAME [--json] [--save] [--only=PART] [--moves=1000] [--associations=100]: figures between real processes on
// loopback, and for `lossy` on simulated links too, each beside its peers in one interleaved run, as medians and ratios. --save
// keeps the run in bench/results; the name `page` writes the tables of docs/PERFORMANCE.md from there. Ends with 1 if a bar is missed.

import { bulk } from './bulk.ts'
import { connect } from './connect.ts'
import { datagrams } from './datagrams.ts'
import { flood } from './flood.ts'
import { handshakes } from './handshakes.ts'
import { lossy } from './lossy.ts'
import { memory } from './memory.ts'
import { moves } from './moves.ts'
import { type BenchOptions, benchOptions } from './options.ts'
import { writePage } from './page.ts'
import { profile } from './profile.ts'
import { Report } from './report.ts'
import { rtt } from './rtt.ts'
import { scale } from './scale.ts'
import { streams } from './streams.ts'

const BENCHES: Readonly<Record<string, (report: Report, options: BenchOptions) => Promise<boolean>>> = {
  handshakes,
  datagrams,
  streams,
  lossy,
  moves,
  memory,
  flood,
  bulk,
  rtt,
  connect,
  scale,
  profile,
}

const argv = process.argv.slice(2)
const options = benchOptions(argv.filter((argument) => argument.startsWith('--')))
if (typeof options === 'string') refuse(options)
const names = argv.filter((argument) => !argument.startsWith('--'))
if (names.includes('page')) writeDown()
const chosen = names.length > 0 ? names : Object.keys(BENCHES)
const unknown = chosen.find((name) => BENCHES[name] === undefined)
if (unknown !== undefined) refuse(`${unknown} is not one of ${Object.keys(BENCHES).join(', ')}`)
for (const name of chosen) {
  const report = new Report(name, options.json, options.save)
  report.end((await BENCHES[name]?.(report, options)) ?? false)
}

/** Tables of docs/PERFORMANCE.md, from the runs that are kept. */
function writeDown(): never {
  const { places, measured } = writePage()
  console.log(`docs/PERFORMANCE.md: ${measured} of ${places} benches have a kept run`)
  process.exit(0)
}

function refuse(why: string): never {
  console.error(`bench: ${why}`)
  process.exit(2)
}

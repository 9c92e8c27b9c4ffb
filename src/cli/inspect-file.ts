// What sojourn inspect does: reads the files, prints the findings, and says in one line what is wrong with a file.

import { readFile } from 'node:fs/promises'
import { type Capture, readCapture } from '../inspect/capture.ts'
import { carriedBy, understandsLink } from '../inspect/carried.ts'
import { type Finding, findingJson, inspect } from '../inspect/inspect.ts'
import { type KeyLog, NO_KEYS, readKeyLog } from '../inspect/key-log.ts'
import { type Shown, spiText } from '../inspect/words.ts'
import { messageOf, SojournError } from '../node/errors.ts'
import { EXIT } from './exit.ts'
import { type Printer, printer } from './output.ts'

export interface InspectFlags {
  readonly keylog?: string
  readonly json?: boolean
}

const KINDS = 'a capture (pcap, pcapng) or a file of datagrams in hexadecimal, one a line'

/** Shows every packet of a capture; exit code 1 if one is wrong. Rejects with ERR_SOJOURN_CAPTURE if a file cannot be read. */
export async function inspectFile(file: string, flags: InspectFlags): Promise<void> {
  const log = flags.keylog === undefined ? NO_KEYS : await keysOf(flags.keylog)
  const capture = readCapture(await contentsOf(file, KINDS))
  const out = printer(flags.json ?? false)
  const tally = { packets: 0, wrong: 0, hip: 0, esp: 0 }
  for (const finding of inspect([...carriedBy(capture.frames)], log)) {
    print(finding, out)
    tally.packets++
    if (!finding.ok) tally.wrong++
    if (finding.type === 'ESP') tally.esp++
    else if (finding.parameters.length > 0) tally.hip++
  }
  if (tally.wrong > 0) process.exitCode = EXIT.failed
  complain(file, capture, tally.packets)
  const verdict = tally.wrong === 0 ? 'nothing wrong' : `${tally.wrong} wrong`
  out.line(`${tally.packets} packets (${tally.hip} HIP, ${tally.esp} ESP): ${verdict}`, undefined)
}

/** Says what is wrong with a file, once what could be read of it has been shown. */
function complain(file: string, { frames, damage }: Capture, packets: number): void {
  if (damage !== undefined) {
    const advice = frames.length === 0 ? `name ${KINDS}` : 'what stands before it is shown; capture again for the rest'
    throw new SojournError('ERR_SOJOURN_CAPTURE', `${file}: ${damage}: ${advice}`)
  }
  const foreign = frames.find(({ link }) => link !== undefined && !understandsLink(link))
  if (foreign !== undefined) {
    const what = `frame ${foreign.number} has link type ${foreign.link}, which is not understood`
    throw new SojournError('ERR_SOJOURN_CAPTURE', `${file}: ${what}: capture on Ethernet, loopback, raw IP or "any"`)
  }
  if (packets > 0) return
  const what = `none of its ${frames.length} frames is HIP or ESP`
  throw new SojournError('ERR_SOJOURN_CAPTURE', `${file}: ${what}: capture the UDP ports in use, 10500 by default`)
}

async function keysOf(file: string): Promise<KeyLog> {
  const text = new TextDecoder().decode(await contentsOf(file, 'the file that SOJOURN_KEYLOG named'))
  const log = readKeyLog(text)
  if (!('fault' in log)) return log
  throw new SojournError('ERR_SOJOURN_CAPTURE', `${file}: ${log.fault}: name the file that SOJOURN_KEYLOG named`)
}

async function contentsOf(file: string, kind: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new SojournError('ERR_SOJOURN_CAPTURE', `${file} cannot be read (${messageOf(cause)}): name ${kind}`, {
      cause,
    })
  }
}

function print(finding: Finding, out: Printer): void {
  if (out.json) out.line(undefined, findingJson(finding))
  else for (const line of linesOf(finding)) out.line(line, undefined)
}

function* linesOf(finding: Finding): Generator<string> {
  const { frame, type, ok, from, to, sender, receiver, esp, checks, errors } = finding
  const path = from === undefined ? '' : `  ${from} → ${to}`
  const number = esp === undefined ? '' : `  SPI ${spiText(esp.spi)}, number ${esp.sequence}`
  yield `${frame}  ${type}${path}${number}  ${ok ? 'ok' : 'WRONG'}`
  if (sender !== undefined) yield `    ${sender} → ${receiver}`
  for (const parameter of finding.parameters) {
    yield `    ${parameterLine(parameter)}`
    for (const inner of parameter.inner ?? []) yield `      holds ${parameterLine(inner)}`
  }
  if (esp?.inside !== undefined) yield `    inside: ${esp.inside}`
  const made = Object.entries(checks).map(([name, passed]) => `${name} ${passed ? 'ok' : 'WRONG'}`)
  if (made.length > 0) yield `    checked: ${made.join(', ')}`
  for (const error of errors) yield `    wrong: ${error}`
}

function parameterLine({ type, name, text }: Shown): string {
  return `${name} (${type})${text === '' ? '' : `: ${text}`}`
}

// The kept inputs: what each target has been shown to tell apart, a line of hexadecimal each, and sound inputs to begin with.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { encodeState } from '../../src/core/moving/frozen-codec.ts'
import { CIPHER_AES128_CBC, CIPHER_AES256_CBC, cipherKeyBytes, sealParameter } from '../../src/crypto/envelope.ts'
import * as wire from '../../src/wire.ts'
import { fixedState } from '../support/frozen-state.ts'
import { pcapOf, type Seen } from '../support/pcap.ts'
import { encodeSample, SAMPLES } from '../wire/samples.ts'
import { corpusFile } from './targets.ts'

// How a line says that the input has no bytes.
const EMPTY = '-'

/** What a fuzzer begins with: an empty input, the kept ones, and for parameters and packets the samples of the suite. */
export function seedsOf(name: string): readonly Uint8Array[] {
  return [new Uint8Array(0), ...samplesOf(name), ...keptOf(name)]
}

/** The inputs in the corpus file of a target; none if it has no file. */
export function keptOf(name: string): readonly Uint8Array[] {
  const file = corpusFile(name)
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => fromHex(line === EMPTY ? '' : line))
}

/** Writes the corpus file of a target, shortest inputs first. */
export function keep(name: string, inputs: readonly Uint8Array[]): void {
  const lines = [...new Set(inputs.map((input) => toHex(input) || EMPTY))]
  lines.sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
  writeFileSync(corpusFile(name), `# Inputs of the fuzz target ${name}, one for each outcome.\n${lines.join('\n')}\n`)
}

function samplesOf(name: string): readonly Uint8Array[] {
  const packets = SAMPLES.map(({ kind, parameters }) => encodeSample(kind, parameters))
  if (name === 'packet' || name === 'message') return packets
  if (name === 'parameters') return packets.map((packet) => packet.subarray(wire.HIP_HEADER_BYTES))
  if (name === 'capture')
    return [
      ...packets.map(hexLine),
      pcapOf([packets[0], packets.at(-1)].flatMap((packet) => packet ?? []).map(datagram)),
    ]
  if (name === 'frozen-state') return [encodeState(fixedState())]
  if (name === 'key-log') return KEY_LOG.map((line) => new TextEncoder().encode(line))
  if (name === 'plaintext-of-encrypted')
    return [CIPHER_AES128_CBC, CIPHER_AES256_CBC].flatMap((id, turn) =>
      [new Uint8Array(0), new Uint8Array(40)].map((plaintext) => {
        const key = new Uint8Array(cipherKeyBytes(id) ?? 0).fill(7)
        return Uint8Array.of(turn, ...sealParameter(id, key, plaintext, (length) => new Uint8Array(length).fill(9)))
      }),
    )
  const type = Object.entries(wire.Parameter).find(([parameter]) => parameter === name)?.[1]
  const found = SAMPLES.flatMap(({ parameters }) => parameters).filter((parameter) => parameter.type === type)
  return found.map(({ contents }) => contents)
}

const KEY_LOG = [
  `KIJ 2001:25:9952:e1b6:84ad:ea37:f69b:e377 2001:25::bbb ${'0f'.repeat(32)}\n`,
  `ESP 00000100 13 ${'01'.repeat(20)} -\nESP ff 8 ${'01'.repeat(16)} ${'02'.repeat(32)}\n`,
]

function hexLine(packet: Uint8Array): Uint8Array {
  return new TextEncoder().encode(`${toHex(wire.wrapHip(packet))}\n`)
}

function datagram(packet: Uint8Array): Seen {
  const [source, destination] = [
    { address: '192.0.2.1', port: 10500 },
    { address: '192.0.2.2', port: 10500 },
  ]
  return { at: 0, source, destination, payload: wire.wrapHip(packet) }
}

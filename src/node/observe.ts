// What an operator can see without changing a program (DESIGN §8, §10): diagnostics channels `sojourn:*`, NODE_DEBUG=sojourn,
// and, only when asked for by SOJOURN_KEYLOG, the keys themselves for protocol analysers.

import { channel } from 'node:diagnostics_channel'
import { appendFileSync, chmodSync, closeSync, openSync } from 'node:fs'
import { debuglog } from 'node:util'
import { toHex } from '../base/bytes.ts'
import type { KeyLogEntry } from '../core/engine.ts'
import { messageOf, SojournError } from './errors.ts'

/** What happens, by channel: `sojourn:` and one of these. */
export type Happening =
  | 'associated'
  | 'ended'
  | 'moved' // a peer is reached at another locator
  | 'rebound' // a peer has been started again elsewhere
  | 'resumed' // our own thaw was answered
  | 'rekeyed'
  | 'parked'
  | 'woken'
  | 'readdressed' // our own address changed
  | 'frozen'
  | 'thawed'
  | 'fenced'
  | 'drop' // a datagram that the application did not take in time
  | 'stream:open' // both ends have it
  | 'stream:reset' // one end has broken off its half
  | 'stream:close' // both halves are over, or the association is

const channels = new Map<Happening, ReturnType<typeof channel>>()
const debug = debuglog('sojourn')

/** True if somebody listens: what happens often is not put into words for nobody. */
export function isObserved(what: Happening): boolean {
  return debug.enabled || channelOf(what).hasSubscribers
}

function channelOf(what: Happening): ReturnType<typeof channel> {
  const known = channels.get(what)
  if (known !== undefined) return known
  const made = channel(`sojourn:${what}`)
  channels.set(what, made)
  return made
}

/** Tells whoever listens. `message` always names the identity it happened to, as `hit`. */
export function observe(what: Happening, message: { readonly hit: string } & Readonly<Record<string, unknown>>): void {
  const published = channelOf(what)
  if (published.hasSubscribers) published.publish(message)
  if (debug.enabled) debug('%s %j', what, message)
}

/** What only whoever has set NODE_DEBUG=sojourn is told. */
export function debugNote(format: string, value: unknown): void {
  debug(format, value)
}

let warned = false

/**
 * The writer of the key log, or undefined when SOJOURN_KEYLOG is not set. A line per key:
 * `ESP <spi hex> <suite> <encryption key hex> <authentication key hex or ->` or `KIJ <hit> <hit> <hex>`.
 * Warns on stderr once. Throws ERR_SOJOURN_KEY_FILE if the file cannot be written.
 */
export function openKeyLog(path: string | undefined = process.env.SOJOURN_KEYLOG): KeyLog | undefined {
  if (path === undefined || path === '') return undefined
  try {
    closeSync(openSync(path, 'a', 0o600))
    chmodSync(path, 0o600)
  } catch (error) {
    const advice = 'name a file that can be written, or unset SOJOURN_KEYLOG'
    throw new SojournError('ERR_SOJOURN_KEY_FILE', `key log ${path} (${messageOf(error)}): ${advice}`, { cause: error })
  }
  if (!warned) {
    warned = true
    process.stderr.write(
      `sojourn: WARNING: SOJOURN_KEYLOG is set: every session key is written to ${path}; whoever reads it reads all traffic\n`,
    )
  }
  return (entry) => appendFileSync(path, `${keyLogLine(entry)}\n`, { mode: 0o600 })
}

/** Takes the keys as they are made. */
export type KeyLog = (entry: KeyLogEntry) => void

/** One line of the key log, without its end. */
export function keyLogLine(entry: KeyLogEntry): string {
  if (entry.kind === 'KIJ') return `KIJ ${entry.a} ${entry.b} ${toHex(entry.kij)}`
  const spi = entry.spi.toString(16).padStart(8, '0')
  const authentication = entry.authentication.length > 0 ? toHex(entry.authentication) : '-'
  return `ESP ${spi} ${entry.suite} ${toHex(entry.encryption)} ${authentication}`
}

// How a table of rules, one for each parameter that a packet may have, turns a row of TLVs into typed fields.
// A parameter that has no rule is unknown in this packet: critical ones (odd types) stop it, others are skipped
// (RFC 7401 §5.2.1). Everything is looked up, so the work is linear in the packet.

import { isMalformed, type Malformed, malformed } from './malformed.ts'
import type { Packet } from './packet.ts'

/** Reads contents that start at byte `at` of the packet. */
export type Decoder<T> = (contents: Uint8Array, at: number) => T | Malformed

export type Presence = 'required' | 'optional' | 'repeated' | 'several' | 'tolerated'

/** What one parameter is in one packet. */
export interface Rule<T, P extends Presence> {
  readonly type: number
  readonly presence: P
  readonly decode: Decoder<T>
}

export type Grammar = Readonly<Record<string, Rule<unknown, Presence>>>

/** The fields that a grammar yields: its required and repeated rules always, its optional and several ones perhaps. */
export type Fields<G extends Grammar> = {
  readonly [K in keyof G as G[K]['presence'] extends 'required' | 'repeated' ? K : never]: Value<G[K]>
} & {
  readonly [K in keyof G as G[K]['presence'] extends 'optional' | 'several' ? K : never]?: Value<G[K]>
}

type Value<R> =
  R extends Rule<infer T, infer P>
    ? P extends 'repeated' | 'several'
      ? readonly Exclude<T, Malformed>[]
      : Exclude<T, Malformed>
    : never

/** Exactly one. */
export function required<T>(type: number, decode: Decoder<T>): Rule<T, 'required'> {
  return { type, presence: 'required', decode }
}

/** None or one. */
export function optional<T>(type: number, decode: Decoder<T>): Rule<T, 'optional'> {
  return { type, presence: 'optional', decode }
}

/** One or more. */
export function repeated<T>(type: number, decode: Decoder<T>): Rule<T, 'repeated'> {
  return { type, presence: 'repeated', decode }
}

/** Any number. */
export function several<T>(type: number, decode: Decoder<T>): Rule<T, 'several'> {
  return { type, presence: 'several', decode }
}

/** Any number, left undecoded in `packet.parameters`. */
export function tolerated(type: number): Rule<never, 'tolerated'> {
  return { type, presence: 'tolerated', decode: (_contents, at) => malformed('never decoded', at, type) }
}

/** Compiles a grammar into the function that applies it. */
export function parser<G extends Grammar>(grammar: G): (packet: Packet) => Fields<G> | Malformed {
  const byType = new Map(Object.entries(grammar).map(([name, rule]) => [rule.type, { name, rule }]))
  const needed = Object.entries(grammar).filter(
    ([, { presence }]) => presence === 'required' || presence === 'repeated',
  )
  return (packet) => {
    const fields: Record<string, unknown> = {}
    for (const { type, contents, start } of packet.parameters) {
      const entry = byType.get(type)
      if (entry === undefined) {
        if (type % 2 === 1) return malformed('critical parameter that this packet does not have', start, type)
        continue
      }
      const { name, rule } = entry
      if (rule.presence === 'tolerated') continue
      const before = fields[name]
      const once = rule.presence === 'required' || rule.presence === 'optional'
      if (before !== undefined && once) return malformed('parameter given twice', start, type)
      const value = rule.decode(contents, start + 4)
      if (isMalformed(value)) return value
      if (once) fields[name] = value
      else if (Array.isArray(before)) before.push(value)
      else fields[name] = [value]
    }
    const missing = needed.find(([name]) => fields[name] === undefined)
    if (missing !== undefined) return malformed(`${missing[0]} is missing`, packet.bytes.length, missing[1].type)
    return fields as Fields<G>
  }
}

// What happens to packets on the way, by what they are: lost, held, copied, redirected. And the names of packets.

import type { Message, Update } from '../../src/wire/messages.ts'
import { type End, type Flying, hip, type Wire } from './pair.ts'

/** What a packet is, as MOVING §5 and the RFCs call it. `P3` is the confirmation of a rekey, too. */
export type Label =
  | 'I1'
  | 'R1'
  | 'I2'
  | 'R2'
  | 'P1'
  | 'P2'
  | 'P3'
  | 'U1'
  | 'U2'
  | 'ACK'
  | 'CHECK'
  | 'READDRESS'
  | 'NOTIFY'
  | 'CLOSE'
  | 'CLOSE_ACK'
  | 'ESP'

/** Names a datagram by what it carries. */
export function labelOf(bytes: Uint8Array): Label {
  const message = hip(bytes)
  if (message === undefined) return 'ESP'
  return message.kind === 'UPDATE' ? labelOfUpdate(message) : message.kind
}

function labelOfUpdate({ dh, ack, finals, locators, seq, echoRequestSigned }: Update): Label {
  if (dh !== undefined && ack === undefined) return finals === undefined ? 'U1' : 'P1'
  if (dh !== undefined) return finals === undefined ? 'U2' : 'P2'
  if (locators !== undefined) return 'READDRESS'
  if (seq === undefined) return 'ACK'
  return echoRequestSigned === undefined ? 'P3' : 'CHECK'
}

/** Reads an UPDATE that must be one. */
export function updateOf(flying: Flying | undefined): Update {
  const message = flying === undefined ? undefined : hip(flying.bytes)
  if (message?.kind !== 'UPDATE') throw new Error('this is no UPDATE')
  return message
}

type Which = Label | readonly Label[] | ((flying: Flying) => boolean)

/** A rule about some packets; it counts what it met. */
export class Rule {
  met = 0
  readonly held: Flying[] = []
  readonly #matches: (flying: Flying) => boolean
  readonly #act: (flying: Flying, rule: Rule) => readonly Flying[]
  readonly #limit: number
  #stopped = false

  constructor(
    matches: (flying: Flying) => boolean,
    act: (flying: Flying, rule: Rule) => readonly Flying[],
    limit: number,
  ) {
    this.#matches = matches
    this.#act = act
    this.#limit = limit
  }

  /** Undefined if this packet is none of its business. */
  apply(flying: Flying): readonly Flying[] | undefined {
    if (this.#stopped || this.met >= this.#limit || !this.#matches(flying)) return undefined
    this.met += 1
    return this.#act(flying, this)
  }

  stop(): void {
    this.#stopped = true
  }
}

/** What happens to packets on the way. The first rule that fits decides. */
export class Filters {
  readonly #wire: Wire
  readonly #rules: Rule[] = []

  constructor(wire: Wire) {
    this.#wire = wire
    wire.bend = (flying) => {
      for (const rule of this.#rules) {
        const bent = rule.apply(flying)
        if (bent !== undefined) return bent
      }
      return [flying]
    }
  }

  /** Loses the first `times` packets that fit, all by default. */
  lose(which: Which, times: number = Infinity, from?: End): Rule {
    return this.#rule(which, from, () => [], times)
  }

  /** Every packet that fits comes twice. */
  copy(which: Which, times: number = Infinity, from?: End): Rule {
    return this.#rule(which, from, (flying) => [flying, flying], times)
  }

  /** Keeps packets back; `release` lets them go, to where they were going or to somebody else. */
  hold(which: Which, times: number = Infinity, from?: End): Rule {
    return this.#rule(
      which,
      from,
      (flying, rule) => {
        rule.held.push(flying)
        return []
      },
      times,
    )
  }

  change(which: Which, how: (flying: Flying) => Flying, from?: End): Rule {
    return this.#rule(which, from, (flying) => [how(flying)], Infinity)
  }

  /** Delivers at once what `rule` has held, oldest first. */
  release(rule: Rule, over: Partial<Flying> = {}): void {
    for (const flying of rule.held.splice(0)) this.#wire.inject({ ...flying, ...over })
  }

  #rule(
    which: Which,
    from: End | undefined,
    act: (flying: Flying, rule: Rule) => readonly Flying[],
    limit: number,
  ): Rule {
    const fits =
      typeof which === 'function' ? which : (flying: Flying) => [which].flat().includes(labelOf(flying.bytes))
    const rule = new Rule((flying) => (from === undefined || flying.from === from.at) && fits(flying), act, limit)
    this.#rules.unshift(rule)
    return rule
  }
}

/** The messages of one kind among what was sent. */
export function messagesOf<K extends Message['kind']>(
  flying: readonly Flying[],
  kind: K,
): Extract<Message, { kind: K }>[] {
  return flying.flatMap(({ bytes }) => {
    const message = hip(bytes)
    return message !== undefined && isKind(message, kind) ? [message] : []
  })
}

function isKind<K extends Message['kind']>(message: Message, kind: K): message is Extract<Message, { kind: K }> {
  return message.kind === kind
}

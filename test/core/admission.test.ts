// Whom a Responder does not admit: it is told so of this very I2, once, and believes nothing less (RFC 7401 §5.2.19).

import { describe, expect, it } from 'vitest'
import { Engine } from '../../src/core/engine.ts'
import { type MachineEvent, pump } from '../../src/core/machine.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { incarnationOf } from '../../src/crypto/keymat.ts'
import { seeded } from '../support/actors.ts'

const A = { address: '192.0.2.1', port: 1 }
const B = { address: '192.0.2.2', port: 2 }

class End {
  readonly events: MachineEvent[] = []
  readonly sent: Uint8Array[] = []
  readonly engine: Engine

  constructor(seed: number, at: typeof A, admit?: () => boolean, draws = seed) {
    const entropy = seeded(seed)
    const instance = Identity.generate(entropy)
    const incarnation = incarnationOf(instance.publicKey.bytes)
    this.engine = new Engine({
      identity: Identity.generate(entropy),
      start: { epoch: 1, incarnation, instance, receipt: undefined, ledgerKey: undefined },
      entropy: seeded(100 + draws),
      locators: [at],
      now: 0,
      ...(admit === undefined ? {} : { admit }),
    })
  }

  /** Hands out what it wants to send. */
  drain(): Uint8Array[] {
    const out: Uint8Array[] = []
    pump(this.engine, 0, { transmit: ({ bytes }) => out.push(bytes.slice()), event: (e) => this.events.push(e) }, 100)
    this.sent.push(...out)
    return out
  }
}

/** Runs until nobody has anything to say; `change` may alter what B says. */
function converse(a: End, b: End, change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): void {
  a.engine.associate(0, { hit: b.engine.hit, locators: [B] })
  for (let turn = 0; turn < 10; turn++) {
    for (const bytes of a.drain()) b.engine.receive(0, bytes, A)
    for (const bytes of b.drain()) a.engine.receive(0, change(bytes), B)
  }
}

const ended = (end: End) => end.events.filter((event) => event.type === 'ended')

describe('a peer that is not admitted', () => {
  it('is told so, and gives up at once', () => {
    const [a, b] = [new End(1, A), new End(2, B, () => false)]
    converse(a, b)
    expect(ended(a)).toMatchObject([{ reason: 'refused', detail: 'blocked by policy' }])
    expect([...b.engine.associations()]).toEqual([])
    expect(b.engine.counters).toMatchObject({ 'i2-not-admitted': 1 })
  })

  it('is one about whom the application throws, too, and nothing of that escapes', () => {
    const throws = (): boolean => {
      throw new Error('a list that is not there')
    }
    const [a, b] = [new End(1, A), new End(2, B, throws)]
    converse(a, b)
    expect(ended(a)).toMatchObject([{ reason: 'refused', detail: 'blocked by policy' }])
    expect([...b.engine.associations()]).toEqual([])
    expect(b.engine.counters).toMatchObject({ 'i2-not-admitted': 1, 'admit-threw': 1 })
  })

  it('believes no such word whose signature does not fit', () => {
    const [a, b] = [new End(3, A), new End(4, B, () => false)]
    converse(a, b, (bytes) => {
      const changed = bytes.slice()
      const last = changed.length - 9
      if (b.sent.length > 1) changed[last] = (changed[last] ?? 0) ^ 1
      return changed
    })
    expect(ended(a)).toEqual([])
    expect(a.engine.counters).toMatchObject({ 'signature-forged': 1 })
  })

  it('believes no such word that was said of another I2', () => {
    const [first, b] = [new End(5, A), new End(6, B, () => false)]
    converse(first, b)
    const word = b.sent.at(-1)
    const again = new End(5, A, undefined, 7)
    // The same identity begins once more; the old word reaches it in place of the answer to its own I2.
    converse(again, b, (bytes) => (bytes.length === word?.length ? word : bytes))
    expect(ended(again)).toEqual([])
    expect(again.engine.counters).toMatchObject({ 'notify-ignored': 1 })
  })
})

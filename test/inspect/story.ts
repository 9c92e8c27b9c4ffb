// A conversation in memory, as a capture would have it, with the key log that its ends wrote: base exchange, data, ping, a stream, rekey,
// freeze and thaw at another address, data under the interim key, another rekey, goodbye.

import { Engine } from '../../src/core/engine.ts'
import { Identity, type IdentityAlgorithm } from '../../src/crypto/identity.ts'
import { keyLogLine } from '../../src/node/observe.ts'
import { seeded } from '../support/actors.ts'
import { startOf } from '../support/exchange.ts'
import { type Actor, End, freeze, place, send, Wire } from '../support/pair.ts'
import { pcapOf, type Seen } from '../support/pcap.ts'

export interface Story {
  readonly seen: readonly Seen[]
  readonly pcap: Uint8Array
  /** Lines of the key log, in the order they were written. */
  readonly keys: readonly string[]
}

/** Plays it; the same for the same arguments. */
export function playStory(algorithm: IdentityAlgorithm, suite: number): Story {
  const keys: string[] = []
  const common = {
    espSuites: [suite],
    keylog: (entry: Parameters<typeof keyLogLine>[0]) => keys.push(keyLogLine(entry)),
  }
  const wire = new Wire()
  const alice = actorOf(31, algorithm)
  const bob = actorOf(32, algorithm)
  const open = (who: Actor, last: number): End => {
    const at = place(last)
    const { identity, entropy } = who
    const engine = new Engine({ ...common, identity, entropy, start: who.start(1), locators: [at], now: wire.now })
    engine.bind(7)
    engine.listen(9)
    return wire.add(new End(engine, at))
  }
  const [a, b] = [open(alice, 1), open(bob, 2)]
  a.engine.associate(0, { hit: b.engine.hit, locators: [b.at] })
  wire.run(200)
  send(wire, a, b, 'hello')
  a.engine.ping(wire.now, b.engine.hit, 1, 1, new Uint8Array(8))
  wire.run(100)
  const id = a.engine.openStream(wire.now, b.engine.hit, 9)
  if (typeof id !== 'number') throw new Error(id)
  a.engine.writeStream(wire.now, b.engine.hit, id, new TextEncoder().encode('a stream'))
  a.engine.endStream(wire.now, b.engine.hit, id)
  wire.run(200)
  a.engine.rekey(wire.now, b.engine.hit)
  wire.run(500)
  send(wire, b, a, 'rekeyed')
  wire.run(100)

  const state = freeze(wire, b)
  const at = place(3)
  const start = bob.start(2)
  const options = { ...common, identity: bob.identity, entropy: bob.entropy, start, locators: [at], now: wire.now }
  const moved = wire.add(new End(Engine.thaw(options, state), at))
  send(wire, moved, a, 'moved')
  wire.run(1_000)
  send(wire, a, moved, 'still there')
  wire.run(100)
  moved.engine.rekey(wire.now, a.engine.hit)
  wire.run(500)
  send(wire, a, moved, 'bye')
  wire.run(100)
  a.engine.close(wire.now, moved.engine.hit)
  wire.run(1_000)
  if (!a.told.includes('rebound') || !moved.told.includes('ended')) throw new Error(`${a.told} and ${moved.told}`)
  const seen = wire.sent.map(({ at, from, to, bytes }) => ({ at, source: from, destination: to, payload: bytes }))
  return { seen, pcap: pcapOf(seen), keys }
}

function actorOf(seed: number, algorithm: IdentityAlgorithm): Actor {
  const entropy = seeded(seed)
  const identity = Identity.generate(entropy, algorithm)
  const start = (epoch: number) => startOf(identity, Identity.generate(seeded(1_000 * seed + epoch)), epoch, true)
  return { identity, entropy, start }
}

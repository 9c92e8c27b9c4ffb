// Two identities under random commands, with a little loss and repetition, against a model that knows only whether they are
// associated, where they are and what they have said (RFC 7401 §4.4, RFC 7402 §6.9, RFC 8046 §3.2).

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Cast, End, endedAt, place, say, stage, stateAt, type Wire } from '../support/stage.ts'

type Name = 'a' | 'b'

/** What a user of both ends would know. */
interface Model {
  associated: boolean
  said: number
}

/** The engines, where they are now. */
class Real {
  readonly cast: Cast = stage({ associate: false })
  readonly ends: Record<Name, End> = { a: this.cast.a, b: this.cast.b }
  places = 40
  #faults = 0

  get wire(): Wire {
    return this.cast.wire
  }

  /** Loses one packet, and doubles another, of the next ones, counted from now. */
  trouble(lost: number, doubled: number): void {
    let at = 0
    this.#faults += 1
    const turn = this.#faults
    this.wire.bend = (flying) => {
      if (turn !== this.#faults) return [flying]
      at += 1
      return at === lost ? [] : at === doubled ? [flying, flying] : [flying]
    }
  }

  calm(): void {
    this.#faults += 1
  }

  states(): (string | undefined)[] {
    return [stateAt(this.ends.a, this.ends.b), stateAt(this.ends.b, this.ends.a)]
  }

  heard(name: Name): string[] {
    return this.ends[name].datagrams()
  }
}

const other = (name: Name): Name => (name === 'a' ? 'b' : 'a')

interface Trouble {
  readonly lost: number
  readonly doubled: number
}

abstract class Step implements fc.Command<Model, Real> {
  readonly who: Name
  readonly trouble: Trouble

  constructor(who: Name, trouble: Trouble) {
    this.who = who
    this.trouble = trouble
  }

  check({ associated }: Readonly<Model>): boolean {
    return associated
  }

  run(model: Model, real: Real): void {
    real.trouble(this.trouble.lost, this.trouble.doubled)
    this.act(model, real)
    real.calm()
    expect(real.states()).toEqual(Array(2).fill(model.associated ? 'established' : undefined))
    expect(real.cast.spy.reused).toEqual([])
  }

  protected abstract act(model: Model, real: Real): void

  toString(): string {
    return `${this.constructor.name} ${this.who} (${this.trouble.lost}, ${this.trouble.doubled})`
  }
}

/** One end opens; or both at once. */
class Open extends Step {
  override check({ associated }: Readonly<Model>): boolean {
    return !associated
  }

  protected act(model: Model, real: Real): void {
    const openers: Name[] = this.trouble.doubled % 2 === 0 ? [this.who] : ['a', 'b']
    for (const name of openers) {
      const peer = real.ends[other(name)]
      real.ends[name].engine.associate(real.wire.now, { hit: peer.engine.hit, locators: [peer.at] })
    }
    real.wire.run(20_000)
    model.associated = true
  }
}

class Close extends Step {
  protected act(model: Model, real: Real): void {
    const ended = () => endedAt(real.ends.a).length + endedAt(real.ends.b).length
    const before = ended()
    real.ends[this.who].engine.close(real.wire.now, real.ends[other(this.who)].engine.hit)
    real.wire.run(20_000)
    model.associated = false
    expect(ended()).toBe(before + 2)
  }
}

class Rekey extends Step {
  protected act(_model: Model, real: Real): void {
    const rekeyed = (name: Name) => real.ends[name].told.filter((type) => type === 'rekeyed').length
    const before = [rekeyed('a'), rekeyed('b')]
    const both: Name[] = this.trouble.doubled % 2 === 0 ? [this.who] : ['a', 'b']
    for (const name of both) real.ends[name].engine.rekey(real.wire.now, real.ends[other(name)].engine.hit)
    real.wire.run(20_000)
    expect([rekeyed('a'), rekeyed('b')]).toEqual(before.map((count) => count + 1))
  }
}

/** The end goes on somewhere else, and a rekey of the other may cross. */
class Readdress extends Step {
  protected act(_model: Model, real: Real): void {
    const [end, peer] = [real.ends[this.who], real.ends[other(this.who)]]
    real.places += 1
    const at = place(real.places)
    real.wire.remove(end)
    const moved = new End(end.engine, at)
    moved.events.push(...end.events)
    real.ends[this.who] = real.wire.add(moved)
    if (this.trouble.doubled % 2 === 1) peer.engine.rekey(real.wire.now, end.engine.hit)
    end.engine.readdress(real.wire.now, [at])
    real.wire.run(30_000)
    expect(peer.engine.association(end.engine.hit)?.locator?.address).toBe(at.address)
  }
}

class Say extends Step {
  protected act(model: Model, real: Real): void {
    real.calm()
    model.said += 1
    const word = `word ${model.said}`
    say(real.cast, real.ends[this.who], real.ends[other(this.who)], word)
    real.wire.run(200)
    expect(real.heard(other(this.who)).filter((heard) => heard === word)).toEqual([word])
    expect(real.heard(this.who)).not.toContain(word)
  }
}

const who = fc.constantFrom<Name>('a', 'b')
const trouble = fc.record({ lost: fc.nat(6), doubled: fc.nat(6) })
const step = (make: new (name: Name, what: Trouble) => Step) =>
  fc.tuple(who, trouble).map(([name, what]) => new make(name, what))

it('two ends are as their users would expect after any commands, though a packet is lost and one comes twice', () => {
  const commands = fc.commands([step(Open), step(Say), step(Rekey), step(Readdress), step(Say), step(Close)], {
    maxCommands: 14,
  })
  fc.assert(
    fc.property(commands, (steps) => {
      fc.modelRun(() => ({ model: { associated: false, said: 0 }, real: new Real() }), steps)
    }),
    { numRuns: 40 },
  )
})

// One engine on one real UDP socket, driven by the driver that users get, with an ear for its events. Lower than `Endpoint`, so
// that a test can choose suites, shorten waits, or do what an honest endpoint never would (go on after its grant has left).

import type { Locator } from '../../src/base/address.ts'
import type { Choices } from '../../src/core/association/exchange-offer.ts'
import type { Config } from '../../src/core/config.ts'
import { Engine, type EngineOptions, type OwnStart } from '../../src/core/engine.ts'
import type { MachineEvent } from '../../src/core/machine.ts'
import { CAPSULE_VERSION } from '../../src/core/moving/capsule.ts'
import type { FrozenState } from '../../src/core/moving/frozen.ts'
import { decodeState, encodeState } from '../../src/core/moving/frozen-codec.ts'
import { signReceipt } from '../../src/core/moving/receipt.ts'
import type { Algorithms } from '../../src/crypto/algorithms.ts'
import { type Hit, hitBytes } from '../../src/crypto/hit.ts'
import type { Identity } from '../../src/crypto/identity.ts'
import { incarnationOf } from '../../src/crypto/keymat.ts'
import { Driver, now } from '../../src/node/driver.ts'
import { systemEntropy } from '../../src/node/entropy.ts'
import { createIdentity } from '../../src/node/key-file.ts'
import { type DatagramPort, openPort } from '../../src/node/port.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { decodeCbor } from '../../src/wire/object.ts'

/** How a station is opened. */
export interface StationOptions extends Choices {
  readonly identity: Identity
  readonly start: OwnStart
  readonly bind: Partial<Locator>
  readonly keylog: NonNullable<EngineOptions['keylog']>
  readonly espSuites: readonly number[]
  readonly config?: Partial<Config>
  /** Continues this state instead of beginning anew. */
  readonly frozen?: FrozenState
}

const PATIENCE_MS = 10_000

type EventOf<T extends MachineEvent['type']> = Extract<MachineEvent, { type: T }>

/** A start as a ledger would have activated it. */
export function startBy(ledger: Identity, identity: Identity, epoch: number): OwnStart {
  const instance = createIdentity()
  const incarnation = incarnationOf(instance.publicKey.bytes)
  const [hit, host] = [hitBytes(identity.hit), hitBytes(ledger.hit)]
  const receipt = signReceipt({ ledger: ledger.publicKey, hit, epoch, host, incarnation, timeMs: Date.now() }, ledger)
  return { epoch, incarnation, instance, receipt, ledgerKey: ledger.publicKey }
}

/** A frozen state as another process would read it. */
export function carried(frozen: FrozenState, algorithms?: Algorithms): FrozenState {
  const value = decodeCbor(encodeState(frozen), { bytes: 1 << 26, depth: 8 })
  const state = isMalformed(value) ? value : decodeState(value, CAPSULE_VERSION, algorithms)
  if (isMalformed(state)) throw new Error(`the frozen state does not read back: ${state.malformed}`)
  return state
}

export class Station {
  readonly engine: Engine
  port: DatagramPort
  readonly #driver: Driver
  readonly #heard: MachineEvent[] = []
  readonly #waiting = new Set<() => void>()

  private constructor(engine: Engine, port: DatagramPort) {
    this.engine = engine
    this.port = port
    this.#driver = new Driver(engine, port, (event) => this.#hear(event))
    this.#driver.run()
  }

  static async open({ frozen, bind, ...options }: StationOptions): Promise<Station> {
    const port = await openPort(bind)
    const all = { ...options, entropy: systemEntropy, locators: [port.locator], now: now() }
    return new Station(frozen === undefined ? new Engine(all) : Engine.thaw(all, frozen), port)
  }

  /** Gives the engine a command at this moment, and runs what follows from it. */
  do<R>(command: (engine: Engine, now: number) => R): R {
    const result = command(this.engine, now())
    this.#driver.run()
    return result
  }

  /** The next event of that type that nobody has waited for yet; after ten seconds of waiting it says what came instead. */
  async next<T extends MachineEvent['type']>(type: T): Promise<EventOf<T>> {
    const patience = AbortSignal.timeout(PATIENCE_MS)
    for (;;) {
      const index = this.#heard.findIndex((event) => event.type === type)
      const [event] = index < 0 ? [] : this.#heard.splice(index, 1)
      if (event !== undefined && isOf(event, type)) return event
      if (patience.aborted) throw new Error(`no ${type}, but ${this.#report()}`)
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
        patience.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  /** Sends back whatever comes to `port`. */
  echo(port: number): void {
    this.engine.bind(port)
    this.#echoes.add(port)
  }

  readonly #echoes = new Set<number>()

  /** Sends a datagram to the echo at `port` of `peer` and returns what comes back. */
  async ask(peer: Hit, port: number, question: string): Promise<string> {
    const own = 40_000
    this.engine.bind(own)
    this.do((engine, time) => engine.send(time, peer, own, port, Buffer.from(question)))
    return Buffer.from((await this.next('datagram')).bytes).toString()
  }

  /** Waits for a counter of the engine to rise above zero; counters have no event, so this looks again and again. */
  async counted(name: string): Promise<void> {
    const patience = AbortSignal.timeout(PATIENCE_MS)
    while ((this.engine.counters[name] ?? 0) === 0) {
      if (patience.aborted) throw new Error(`nothing counted as ${name}, but ${this.#report()}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** Goes on at another port, and tells the peers. */
  async relocate(bind: Partial<Locator>): Promise<void> {
    const before = this.port
    this.port = await openPort(bind)
    this.#driver.use(this.port)
    this.do((engine, time) => engine.readdress(time, [this.port.locator]))
    await before.close()
  }

  /** Takes the process away without a word. */
  async vanish(): Promise<void> {
    this.#driver.stop()
    this.engine.destroy()
    await this.port.close()
  }

  #report(): string {
    const events = this.#heard.map((event) => ('reason' in event ? `${event.type} (${event.reason})` : event.type))
    return `${events.join(', ') || 'nothing'} was heard and ${JSON.stringify(this.engine.counters)} counted`
  }

  #hear(event: MachineEvent): void {
    if (event.type === 'datagram' && this.#echoes.has(event.port)) {
      this.do((engine, time) => engine.send(time, event.peer, event.port, event.sourcePort, event.bytes))
      return
    }
    this.#heard.push(event)
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}

function isOf<T extends MachineEvent['type']>(event: MachineEvent, type: T): event is EventOf<T> {
  return event.type === type
}

// What an identity lends to its associations (association/context.ts), put together from the parts of the engine.

import { aeadOf } from '../crypto/aead.ts'
import type { Hit } from '../crypto/hit.ts'
import { hitBytes } from '../crypto/hit.ts'
import { AccessList } from './access.ts'
import { Alarm } from './alarm.ts'
import type { Association } from './association/association.ts'
import type { OwnContext } from './association/context.ts'
import { offerOf } from './association/exchange-offer.ts'
import { Budgets } from './budgets.ts'
import type { Config } from './config.ts'
import { Floors } from './moving/floor.ts'
import type { EngineOptions } from './options.ts'
import type { Outlet } from './outlet.ts'
import type { Ports } from './ports.ts'
import type { Spis } from './spis.ts'
import { StreamBudget } from './transport/streams/budget.ts'

/** The parts of an engine that its associations reach for. */
export interface EngineParts {
  readonly config: Config
  readonly outlet: Outlet
  readonly spis: Spis
  readonly ports: Ports
  readonly listeners: Ports
  readonly associations: ReadonlyMap<Hit, Association>
  wake(association: Association): void
  hasNews(association: Association): void
  forget(association: Association): void
  fenced(epoch: number): void
}

export function ownContext(options: EngineOptions, parts: EngineParts): OwnContext {
  const { config, outlet, spis, ports, listeners, associations } = parts
  let { dh } = options
  const budgets = new Budgets(config, options.entropy)
  const alarm = new Alarm(config, associations, outlet)
  const { algorithms, dhGroups, hipCiphers, espSuites, hitSuites } = offerOf(options, options.identity)
  // Written out: spread, its two dozen fields would be added one after the other, and every thaw would wait for that.
  return {
    algorithms,
    dhGroups,
    hipCiphers,
    espSuites,
    hitSuites,
    config,
    identity: options.identity,
    hitBytes: hitBytes(options.identity.hit),
    start: options.start,
    entropy: options.entropy,
    takeDh: (group) => {
      const taken = dh?.group === group ? dh : undefined
      if (taken !== undefined) dh = undefined
      return taken
    },
    aead: options.aead ?? aeadOf(algorithms.espSuites),
    dontFragment: options.dontFragment ?? false,
    floors: options.floors ?? new Floors(config.floorsMax),
    streamBudget: new StreamBudget(config.waitingBytesMax),
    locators: options.locators,
    access: options.access ?? new AccessList(),
    opportunistic: options.opportunistic ?? false,
    ports,
    listeners,
    sendPacket: (packet, to) => outlet.send(packet, to),
    owe: (association, make) => outlet.owe(association, make),
    event: (event) => outlet.tell(event),
    count: (name) => outlet.count(name),
    keylog: options.keylog,
    newSpi: (association) => spis.draw(association),
    claimSpi: (spi, association) => spis.claim(spi, association),
    dropSpi: (spi) => spis.drop(spi),
    wake: (association) => parts.wake(association),
    hasNews: (association) => parts.hasNews(association),
    mayNotify: (now) => budgets.notify(now),
    mayNotifyStranger: (now, source) => budgets.stranger(now, source),
    mayEchoReply: (now) => budgets.echo(now),
    silent: (now, association) => alarm.raise(now, association),
    isFull: () => associations.size >= config.associationsMax,
    forget: (association) => parts.forget(association),
    fenced: (epoch) => parts.fenced(epoch),
  }
}

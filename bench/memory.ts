// Memory of an idle association and side: one endpoint with ten thousand of them, in five steps, as Responder and as Initiator; the
// peers live in another process and are not counted. The bar is on all that an idle process grows by. Beside it, what it has grown by
// when the last exchange has just ended: V8 keeps a young generation of many MiB as long as a process has been busy in the last
// seconds, and gives it back with the first collection after that. The rivals, of whom there are fewer, grow at the same time.

import { certificate } from './certificate.ts'
import type { BenchOptions } from './options.ts'
import { Pair, type PairPlan } from './pairs.ts'
import type { Report } from './report.ts'
import { Child, spread } from './support.ts'

const STEPS = 5
/** V8 judges by the last five seconds whether a process is busy, and idle associations send a keepalive every fifteen. */
const IDLE_MS = 12_000
/** The first ones pay for code and pools, not for themselves. */
const WARM_UP = 200
const BAR_KIB = 16
const METRIC = 'RSS of an idle association'

/** Thousands are opened in one process. */
const CONNECT_MS_MAX = 600_000

const UDX = 'udx + secret-stream'
/** How many of them there are, as a share of ours: they take long, and each of them is the same. */
const RIVALS = [
  { contender: UDX, share: 0.2 },
  { contender: 'tcp + secret-stream', share: 0.2 },
  { contender: 'node:tls, mutual', share: 0.2 },
  { contender: 'hyperdht', share: 0.1 },
  { contender: 'libp2p', share: 0.05 },
] as const

const ROLES = ['responder', 'initiator'] as const

/** Connecting is done by one at a time; idling they do together. */
class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined)
    return mine
  }
}

/** RSS after the warm-up and after each step. */
type Grown = readonly number[]

export async function memory(report: Report, { associations }: BenchOptions): Promise<boolean> {
  const credentials = certificate()
  const busy = new Turns()
  const ours = ROLES.map(async (role) => ({ role, grown: await grownOurs(role, associations, busy) }))
  // In proportion, where ours are fewer than usual.
  const counted = RIVALS.map(({ contender, share }) => ({
    contender,
    count: STEPS * Math.ceil((share * associations) / STEPS),
  }))
  const rivals = counted.map(async (rival) => ({ rival, sides: await grownRival(report, rival, credentials, busy) }))
  const each = new Map<string, number>()
  const tell = (name: string, count: number, grown: Grown): void => {
    const kib = (bytes: number, of: number): number => bytes / 1024 / of
    const [first = Number.NaN, ...later] = grown
    const steps = later.map((rss, step) => kib(rss - (grown[step] ?? Number.NaN), count / STEPS))
    const whole = kib((later.at(-1) ?? Number.NaN) - first, count)
    report.figure(`${name}/${count} in steps`, METRIC, 'KiB', spread(steps))
    report.figure(`${name}/${count}`, METRIC, 'KiB', spread([whole]))
    each.set(name, whole)
  }
  for (const { role, grown } of await Promise.all(ours)) {
    tell(`sojourn/${role}`, associations, grown.idle)
    const after = (grown.busy - (grown.idle[0] ?? Number.NaN)) / 1024 / associations
    report.figure(`sojourn/${role}/${associations}`, 'RSS right after the exchanges', 'KiB', spread([after]))
  }
  for (const { rival, sides } of await Promise.all(rivals)) {
    for (const side of ['server', 'client'] as const)
      if (sides !== undefined) tell(`${rival.contender}/${side}`, rival.count, sides[side])
  }
  const met = ROLES.flatMap((role) => {
    const kib = each.get(`sojourn/${role}`) ?? Number.NaN
    const rival = each.get(`${UDX}/${role === 'responder' ? 'server' : 'client'}`) ?? Number.NaN
    return [
      report.bar(`sojourn/${role}, KiB at ${associations}`, kib, { atMost: BAR_KIB }),
      report.bar(`sojourn/${role} beside ${UDX}`, kib / rival, { atMost: 1 }),
    ]
  })
  return met.every((bar) => bar)
}

interface Settled {
  readonly idle: number
  readonly busy: number
}

async function grownOurs(
  role: (typeof ROLES)[number],
  associations: number,
  busy: Turns,
): Promise<{ readonly idle: Grown; readonly busy: number }> {
  const [one, many] = [new Child('memory'), new Child('memory')]
  try {
    const opened = (child: Child, count: number): Promise<{ peers: string[] }> =>
      busy.take(() => child.ask({ ask: 'open', count }, CONNECT_MS_MAX))
    const {
      peers: [address = ''],
    } = await opened(one, 1)
    const { peers } = await opened(many, associations + STEPS + WARM_UP)
    const associate = (from: number, count: number): Promise<object> =>
      busy.take(() =>
        role === 'initiator'
          ? one.ask({ ask: 'dial', peers: peers.slice(from, from + count) }, CONNECT_MS_MAX)
          : many.ask({ ask: 'dialAll', address, from, count }, CONNECT_MS_MAX),
      )
    const settle = (): Promise<Settled> => one.ask({ ask: 'settle', idleMs: IDLE_MS })
    await associate(0, WARM_UP)
    let settled = await settle()
    const idle = [settled.idle]
    for (let step = 0; step < STEPS; step++) {
      await associate(WARM_UP + step * Math.ceil(associations / STEPS), Math.ceil(associations / STEPS))
      settled = await settle()
      idle.push(settled.idle)
    }
    return { idle, busy: settled.busy }
  } finally {
    await Promise.all([one.stop(), many.stop()])
  }
}

async function grownRival(
  report: Report,
  { contender, count }: { readonly contender: string; readonly count: number },
  credentials: ReturnType<typeof certificate>,
  busy: Turns,
): Promise<{ readonly server: Grown; readonly client: Grown } | undefined> {
  const plan: PairPlan = { name: contender, contender }
  const pair = await busy.take(() => Pair.start(report, plan, credentials))
  if (pair === undefined) return undefined
  const [server, client]: [number[], number[]] = [[], []]
  const settle = (side: Child): Promise<{ rss: number }> => side.ask({ ask: 'settle', idleMs: IDLE_MS })
  const grow = async (more: number): Promise<void> => {
    const held = { ask: 'hold', address: pair.address, count: more, atOnce: 4 }
    await busy.take(() => pair.client.ask(held, CONNECT_MS_MAX))
    const [there, here] = await Promise.all([settle(pair.server), settle(pair.client)])
    server.push(there.rss)
    client.push(here.rss)
  }
  try {
    await grow(Math.min(WARM_UP, count))
    for (let step = 0; step < STEPS; step++) await grow(count / STEPS)
    return { server, client }
  } catch (error) {
    report.note(`${contender} is left out: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  } finally {
    await pair.stop()
  }
}

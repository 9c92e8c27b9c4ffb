// What the exploration is worth: it meets every state of the ratchet at both ends, and when one rule of the core is broken, it
// finds a schedule that shows it. Rules are broken in memory, one at a time.

import { beforeEach, expect, it, vi } from 'vitest'
import './crypto-cache.ts'
import { Counterexample, explore } from './explore.ts'
import { CROSSINGS, ENDINGS, HOSTILE, LONG_CROSSINGS, MOVES, NONE, REKEYS } from './scenarios.ts'
import { BrokenRule, Walk } from './walk.ts'

/** The rule that is broken now. */
const broken = vi.hoisted(() => ({ rule: '' }))

vi.mock('../../src/core/association/session.ts', async (original) => {
  const real = await original<typeof import('../../src/core/association/session.ts')>()
  const applyFinals: typeof real.applyFinals = (session, finals, closesAt) =>
    broken.rule === 'FINALS bound nothing' || real.applyFinals(session, finals, closesAt)
  const closeInbound: typeof real.closeInbound = (session, context, which) =>
    real.closeInbound(session, context, (entry) =>
      broken.rule === 'interim SAs stay open' && entry.role === 'interim' ? false : which(entry),
    )
  const heldSecrets: typeof real.heldSecrets = (session) =>
    broken.rule === 'the old S is dropped with the answer'
      ? real.heldSecrets(session).slice(-1)
      : real.heldSecrets(session)
  return { ...real, applyFinals, closeInbound, heldSecrets }
})

vi.mock('../../src/core/association/ratchet.ts', async (original) => {
  const real = await original<typeof import('../../src/core/association/ratchet.ts')>()
  const onRekeyOffer: typeof real.onRekeyOffer = (association, ...rest) => {
    const confirm = association.reliable.get('confirm')
    real.onRekeyOffer(association, ...rest)
    if (broken.rule === 'a late ACK of P3 confirms the next S' && confirm !== undefined)
      association.reliable.set('confirm', confirm)
  }
  const repeatAnswer: typeof real.repeatAnswer = (association, now) => {
    if (broken.rule !== 'answers are not repeated') real.repeatAnswer(association, now)
  }
  return { ...real, onRekeyOffer, repeatAnswer }
})

vi.mock('../../src/core/association/reach.ts', async (original) => {
  const real = await original<typeof import('../../src/core/association/reach.ts')>()
  const probeParked: typeof real.probeParked = (association, now) =>
    broken.rule === 'parked ends are silent' ? undefined : real.probeParked(association, now)
  return { ...real, probeParked }
})

vi.mock('../../src/core/association/notify.ts', async (original) => {
  const real = await original<typeof import('../../src/core/association/notify.ts')>()
  const onNotify: typeof real.onNotify = (association, ...rest) =>
    broken.rule === 'refusals are not heard' ? undefined : real.onNotify(association, ...rest)
  return { ...real, onNotify }
})

beforeEach(() => {
  broken.rule = ''
})

function called<P extends { readonly name: string }>(plots: readonly P[], name: string): P {
  const found = plots.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`no plot is called ${name}`)
  return found
}

const PLOTS = [...MOVES, ...CROSSINGS, ...LONG_CROSSINGS, ...REKEYS, ...ENDINGS]

/** What the first schedule that breaks a rule is said to break. */
function fault(name: string): string {
  try {
    if (name.startsWith('former host')) explore({ ...called(HOSTILE, name), copies: 0, timers: 0 }, 2_000)
    else new Walk(called(PLOTS, name), NONE).run(20_000)
  } catch (error) {
    if (error instanceof Counterexample || error instanceof BrokenRule) return error.message
    throw error
  }
  return 'nothing'
}

it('meets every state of the ratchet at both ends', () => {
  const names = ['settled', 'offering', 'answered', 'crossed', 'committed']
  const { ratchets } = new Walk(called(PLOTS, 'both ends thaw, in place'), NONE).run(20_000)
  for (const side of ['X', 'C']) for (const name of names) expect(ratchets).toContain(`${side} ${name}`)
})

it.each([
  ['FINALS bound nothing', 'former host: old-data', /F: data forged/],
  ['interim SAs stay open', 'former host: interim, data of X', /F: data forged/],
  ['the old S is dropped with the answer', 'thaw while X rekeys', /needless end/],
  ['a late ACK of P3 confirms the next S', 'thaw while C rekeys', /STUCK/],
  ['answers are not repeated', 'thaw, X crashes', /STUCK/],
  ['parked ends are silent', 'both ends thaw', /STUCK/],
  ['refusals are not heard', 'thaw, X crashes', /STUCK/],
])('notices when %s', { timeout: 60_000 }, (rule, name, what) => {
  expect(fault(name)).toBe('nothing')
  broken.rule = rule
  expect(fault(name)).toMatch(what)
})

// Paths against a plain reference: sets of names, and the rules of RFC 8046 §5.1, §5.3 and §5.5 read off one by one.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Locator, locatorFamily, locatorKey } from '../../src/base/address.ts'
import { type PathReason, Paths, type Tuple } from '../../src/core/association/paths.ts'
import { DEFAULTS } from '../../src/core/config.ts'
import type { OwnLocator, Traffic } from '../../src/core/own-locators.ts'
import { place } from '../support/stage.ts'

const SIX: readonly Locator[] = [1, 2].map((n) => ({ address: `2001:db8::${n}`, port: 10_500 }))
/** Fewer than the table holds: what it forgets is the last test's matter. */
const THEIRS: readonly Locator[] = [place(1), place(2), place(3), ...SIX]
const OURS: readonly (readonly OwnLocator[])[] = [
  [],
  [place(10), place(11)].map((locator) => ({ ...locator, apart: true })),
  [place(10), ...SIX.slice(0, 1)].map((locator) => ({ ...locator, apart: true })),
  [{ ...place(11), apart: true }],
]
const MAX = 3
const config = { ...DEFAULTS, locatorsPerPeerMax: MAX }

interface Entry {
  readonly index: number
  readonly traffic: Traffic
  readonly preferred: boolean
}

type Step =
  | { readonly what: 'list'; readonly entries: readonly Entry[] }
  | { readonly what: 'relocate'; readonly own: number }
  | { readonly what: 'activate'; readonly index: number; readonly from: number; readonly why: PathReason }
  | { readonly what: 'observe' | 'verify' | 'restart'; readonly index: number; readonly from: number }
  | { readonly what: 'send' | 'hear' | 'forget' | 'look' }

const index = fc.nat(THEIRS.length - 1)
const from = fc.nat(1)
const entry = fc.record({
  index,
  traffic: fc.constantFrom<Traffic>('both', 'both', 'signalling', 'data'),
  preferred: fc.boolean(),
})
const step = fc.oneof<fc.Arbitrary<Step>[]>(
  fc.record({ what: fc.constant('list' as const), entries: fc.uniqueArray(entry, { selector: (e) => e.index }) }),
  fc.record({ what: fc.constant('relocate' as const), own: fc.nat(OURS.length - 1) }),
  fc.record({
    what: fc.constant('activate' as const),
    index,
    from,
    why: fc.constantFrom<PathReason>('observed', 'failover', 'preferred', 'readdressed'),
  }),
  fc.record({ what: fc.constantFrom('observe', 'verify', 'restart'), index, from }),
  fc.record({ what: fc.constantFrom('send', 'hear', 'forget', 'look') }),
)

/** One way to the peer, as the reference knows it. */
interface Way {
  readonly there: Locator
  readonly at: Locator | undefined
  state: Tuple['state']
}

class Reference {
  readonly ways = new Map<string, Way>()
  listed = new Map<string, Entry>()
  own: readonly OwnLocator[]
  current: string | undefined
  before: string | undefined
  why: PathReason = 'exchange'
  silent = false

  constructor(own: readonly OwnLocator[]) {
    this.own = own
  }

  locals(there: Locator): readonly (Locator | undefined)[] {
    return this.own.length === 0 ? [undefined] : this.own.filter((one) => locatorFamily(one) === locatorFamily(there))
  }

  name(there: Locator, at: Locator | undefined): string {
    return [there, at].map((one) => (one === undefined ? '' : locatorKey(one))).join('|')
  }

  /** What a packet from `there` says of where it arrived, if it says anything. */
  at(there: Locator, number: number): Locator | undefined {
    const locals = this.locals(there)
    return locals.length === 0 ? undefined : locals[number % locals.length]
  }

  know(there: Locator, at: Locator | undefined): string {
    const name = this.name(there, at)
    if (!this.ways.has(name)) this.ways.set(name, { there, at, state: 'unverified' })
    return name
  }

  isListed(name: string): boolean {
    const way = this.ways.get(name)
    return way !== undefined && this.listed.has(locatorKey(way.there))
  }

  turn(name: string, state: Tuple['state']): void {
    const way = this.ways.get(name)
    if (way !== undefined) way.state = state
  }

  list(entries: readonly Entry[]): void {
    this.before = undefined
    this.listed = new Map(
      entries.slice(0, MAX).flatMap((one) => {
        const there = THEIRS[one.index]
        return there === undefined ? [] : [[locatorKey(there), one] as const]
      }),
    )
    for (const { index: number } of entries.slice(0, MAX)) {
      const there = THEIRS[number]
      if (there === undefined) continue
      const locals = this.locals(there)
      for (const at of locals.length === 0 ? [undefined] : locals) {
        const name = this.know(there, at)
        if (this.ways.get(name)?.state === 'deprecated') this.turn(name, 'unverified')
      }
    }
    for (const [name, { state }] of this.ways) {
      if (state === 'active' && !this.isListed(name) && name !== this.current) this.turn(name, 'deprecated')
    }
  }

  activate(name: string, why: PathReason): void {
    this.turn(name, 'active')
    if (this.current === name) return
    const old = this.current
    this.current = name
    this.why = why
    this.silent = false
    this.before = why === 'observed' ? old : undefined
    if (old !== undefined && this.ways.get(old)?.state === 'active' && !this.isListed(old)) this.turn(old, 'deprecated')
  }

  restart(name: string): void {
    for (const [other, { state }] of this.ways) if (state === 'active') this.turn(other, 'deprecated')
    if (this.ways.get(name)?.state === 'deprecated') this.turn(name, 'unverified')
    this.current = name
    this.before = undefined
    this.why = 'moved'
    this.silent = false
  }

  /** RFC 8047 §4.2.3: whatever is signed for, where the peer is, and where it was, from each of our locators. */
  alternatives(): Set<string> {
    const named = [this.current, this.before].flatMap((name) => this.ways.get(name ?? '') ?? [])
    if (named.length === 0 || this.current === undefined) return new Set()
    for (const { there } of named) for (const at of this.locals(there)) this.know(there, at)
    const found = [...this.ways].filter(([name, { there }]) => {
      const may = this.isListed(name) || named.some((other) => locatorKey(other.there) === locatorKey(there))
      const forData = this.listed.get(locatorKey(there))?.traffic !== 'signalling'
      return name !== this.current && may && forData && this.locals(there).length > 0
    })
    return new Set(found.map(([name]) => name))
  }

  /** RFC 8046 §4: the preferred locators that we can reach and that count for data, the more specific ones first. */
  preferred(): Set<string> {
    const wanted = [...this.listed.values()].filter(
      ({ preferred, traffic, index: number }) =>
        preferred && traffic !== 'signalling' && this.locals(THEIRS[number] ?? place(0)).length > 0,
    )
    const specific = wanted.filter(({ traffic }) => traffic === 'data')
    return new Set(
      (specific.length > 0 ? specific : wanted).map(({ index: number }) => locatorKey(THEIRS[number] ?? place(0))),
    )
  }
}

function nameOf(reference: Reference, tuple: Tuple | undefined): string | undefined {
  return tuple === undefined ? undefined : reference.name(tuple.locator, tuple.at)
}

/** Does one step to both. */
function take(paths: Paths, reference: Reference, one: Step): void {
  switch (one.what) {
    case 'list':
      reference.list(one.entries)
      return paths.list(
        one.entries.map(({ index: number, traffic, preferred }) => ({
          locator: THEIRS[number] ?? place(0),
          expiresAt: Infinity,
          traffic,
          preferred,
        })),
      )
    case 'look':
      reference.alternatives()
      return void paths.alternatives(0)
    case 'send':
      if (reference.current !== undefined) reference.silent = true
      if (paths.current !== undefined) paths.silence ??= { since: 0, asked: false, answered: undefined }
      return
    case 'hear':
      reference.silent = false
      if (paths.current !== undefined) paths.speaks(paths.current)
      return
    case 'forget':
      for (const [name, { state }] of reference.ways) if (state === 'active') reference.turn(name, 'unverified')
      return paths.forget()
    case 'relocate':
      return
    default:
      return there(paths, reference, one)
  }
}

/** What happens at one place. */
function there(paths: Paths, reference: Reference, one: Extract<Step, { readonly index: number }>): void {
  const locator = THEIRS[one.index] ?? place(0)
  const at = reference.at(locator, one.from)
  // Nothing comes from a family that we do not have.
  if (reference.locals(locator).length === 0) return
  const name = reference.know(locator, at)
  const tuple = paths.observe({ ...locator, at })
  switch (one.what) {
    case 'observe':
      return
    case 'verify':
      reference.turn(name, 'active')
      return paths.verify(tuple)
    case 'restart':
      reference.restart(name)
      return paths.restart(tuple)
    case 'activate':
      expect(paths.activate(tuple, one.why)).toBe(reference.current !== name)
      return reference.activate(name, one.why)
  }
}

function agree(paths: Paths, reference: Reference): void {
  const seen = new Map([...paths.tuples].map((tuple) => [nameOf(reference, tuple), tuple.state]))
  expect(seen).toEqual(new Map([...reference.ways].map(([name, { state }]) => [name, state])))
  expect([nameOf(reference, paths.current), paths.why, paths.silence !== undefined]).toEqual([
    reference.current,
    reference.why,
    reference.silent,
  ])
  for (const tuple of paths.tuples) {
    const said = reference.listed.get(locatorKey(tuple.locator))
    expect([tuple.listed, tuple.preferred, tuple.traffic]).toEqual([
      said !== undefined,
      said?.preferred ?? false,
      said?.traffic ?? 'both',
    ])
  }
  const wanted = reference.preferred()
  const { preferred } = paths
  expect(preferred === undefined ? wanted.size === 0 : wanted.has(locatorKey(preferred.locator))).toBe(true)
  const may = paths.hasAlternatives
  const found = paths.alternatives(0).map((tuple) => nameOf(reference, tuple) ?? '')
  expect(new Set(found)).toEqual(reference.alternatives())
  // It may say yes for nothing, when all that is listed is for signalling; it never says no in vain.
  if (found.length > 0) expect(may).toBe(true)
}

describe('paths', () => {
  it.each(OURS.map((own, number) => [own.length, number]))(
    'do as the reference does in any order of things, from %i locators of our own (%i)',
    (_, number) => {
      const own = OURS[number] ?? []
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
          const paths = new Paths(config, { locators: own })
          const reference = new Reference(own)
          for (const one of steps) {
            take(paths, reference, one)
            agree(paths, reference)
          }
        }),
        { numRuns: 300 },
      )
    },
  )

  it('stay whole when our own locators change: nothing leaves from where we are not, unless nothing else is left', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(OURS.length - 1), (steps, first) => {
        const ours = { locators: OURS[first] ?? [] }
        const paths = new Paths(config, ours)
        for (const one of steps) {
          if (one.what === 'relocate') {
            const verified = [...paths.tuples].filter(({ state }) => state === 'active').map(({ locator }) => locator)
            ours.locators = OURS[one.own] ?? []
            paths.relocate()
            // Whose address has been verified stays so, from wherever we speak; nobody else becomes so.
            for (const { state, locator } of paths.tuples)
              if (state === 'active') expect(verified).toContainEqual(locator)
          } else take(paths, new Reference(ours.locators), one.what === 'activate' ? { ...one, what: 'verify' } : one)
          const { current } = paths
          const tuples = [...paths.tuples]
          if (current !== undefined) expect(tuples).toContain(current)
          for (const { locator, at } of tuples) {
            const known = ours.locators.filter((local) => locatorFamily(local) === locatorFamily(locator))
            if (known.length > 0) expect(known.map(locatorKey)).toContain(at === undefined ? '' : locatorKey(at))
            else expect(at).toBeUndefined()
          }
        }
      }),
    )
  })

  it('never grow beyond twice the listed ones a locator of ours, and never lose where data goes', () => {
    const many = fc.array(fc.record({ port: fc.integer({ min: 1, max: 60_000 }), use: fc.boolean() }), {
      minLength: 40,
    })
    fc.assert(
      fc.property(many, fc.constantFrom(...OURS), (seen, locators) => {
        const paths = new Paths(config, { locators })
        for (const { port, use } of seen) {
          const tuple = paths.observe(place(50, port))
          if (use) paths.activate(tuple, 'observed')
          const tuples = [...paths.tuples]
          expect(tuples.length).toBeLessThanOrEqual(2 * MAX * Math.max(1, locators.length))
          if (paths.current !== undefined) expect(tuples).toContain(paths.current)
        }
      }),
    )
  })
})

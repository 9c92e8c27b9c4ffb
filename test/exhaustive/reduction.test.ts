// That the walk leaves nothing out: it ends in the very states in which all schedules end when each is run by itself, by engines
// and without merging anything; and an end whose state is reached in two ways does the same after either.

import { expect, it } from 'vitest'
import './crypto-cache.ts'
import { SIDES } from './cast.ts'
import { insideOf } from './inside.ts'
import { letterOf, shapes, tokens } from './letters.ts'
import { type Look, textOfPair } from './pair.ts'
import { CROSSINGS, LONG_CROSSINGS, MOVES, type Plot, REKEYS } from './scenarios.ts'
import { Walk } from './walk.ts'
import { type Action, World } from './world.ts'

const ALL = 100_000

function called(name: string): Plot {
  const found = [...MOVES, ...CROSSINGS, ...LONG_CROSSINGS, ...REKEYS].find((plot) => plot.name === name)
  if (found === undefined) throw new Error(`no plot is called ${name}`)
  return found
}

function looked(world: World): string {
  const [X, C] = SIDES.map((side): Look => {
    const { text, tokens: drawn } = insideOf(world.ends[side], world.now)
    return { shape: shapes.of(text), tokens: drawn.map((token) => tokens.of(token)) }
  })
  const flying = world.flying.map(({ bytes, from, to, by, epoch }) =>
    letterOf(bytes, from, to, by === 'C' ? 'C' : 'X', epoch),
  )
  if (X === undefined || C === undefined) throw new Error('there are two sides')
  return textOfPair({ X, C, flying: flying.flatMap((letter) => letter ?? []), impatient: world.impatient })
}

/** The texts of all last states, and how many schedules there are. */
function everySchedule(
  plot: Plot,
  copies: number,
): { readonly finals: ReadonlySet<string>; readonly schedules: number } {
  const finals = new Set<string>()
  let schedules = 0
  const waiting: Action[][] = [[]]
  for (let schedule = waiting.pop(); schedule !== undefined; schedule = waiting.pop()) {
    const world = new World({ ...plot, copies, timers: 0 })
    for (const action of schedule) world.do(action)
    const actions = world.actions()
    if (actions.length === 0) {
      schedules += 1
      finals.add(looked(world))
    }
    for (const action of actions) waiting.push([...schedule, action])
  }
  return { finals, schedules }
}

it.each([
  ['one thaw', 1],
  ['one thaw, data of C', 0],
  ...(process.env.SOJOURN_EXHAUSTIVE === 'full' ? ([['thaw while X rekeys', 0]] as const) : []),
] as const)('ends in the states in which every schedule ends: %s, %i copies', { timeout: 60_000 }, (name, copies) => {
  const plot = called(name)
  const { finals, schedules } = everySchedule(plot, copies)
  const walk = new Walk(plot, { copies, losses: 0, early: 0, repeats: 0 }, 'no timers')
  walk.run(ALL)
  expect(schedules).toBeGreaterThan(finals.size)
  expect([...walk.finals].sort()).toEqual([...finals].sort())
})

it.each(['both ends thaw, in place', 'thaw while C rekeys'])(
  'an end does the same however it came to its state: %s',
  (name) => {
    const walk = new Walk(called(name), { copies: 1, losses: 0, early: 0, repeats: 0 }, 'no timers')
    walk.run(1_000)
    let compared = 0
    for (const solo of [walk.solos.X, walk.solos.C]) {
      for (const way of solo.again.slice(0, 100)) {
        for (const step of way.stand.steps.values()) {
          compared += 1
          expect(solo.holds(way, step)).toBe(true)
        }
      }
    }
    expect(compared).toBeGreaterThan(20)
  },
)

// What a timer and a look-up cost with so many of them: the two tables that every packet of an endpoint goes through.

import { Agenda } from '../src/core/agenda.ts'
import { Spis } from '../src/core/spis.ts'
import type { Case } from './rounds.ts'

export const SIZES = [1, 10, 100, 1_000, 10_000, 100_000] as const

const OPERATIONS = 200_000
/** What a timer is set to is so far away at most. */
const SPAN_MS = 15_000
const STEP_MS = 0.01

export const TIMERS = 'a timer set anew, and the next one asked for'
export const LOOKUPS = 'an association found by its SPI'

/** Numbers that are drawn alike in every run. */
function drawn(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state
  }
}

/** Of this process, so that others on the machine count less. */
function nanoseconds(operate: (times: number) => void): number {
  const before = process.cpuUsage()
  operate(OPERATIONS)
  const { user, system } = process.cpuUsage(before)
  return (1_000 * (user + system)) / OPERATIONS
}

function timers(size: number): Case {
  const agenda = new Agenda<{ due: number }>()
  const next = drawn(size)
  const items = Array.from({ length: size }, () => ({ due: next() % SPAN_MS }))
  for (const item of items) agenda.note(item)
  let now = 0
  const operate = (times: number): void => {
    for (let time = 0; time < times; time++) {
      now += STEP_MS
      const item = items[next() % size]
      if (item === undefined) return
      item.due = now + (next() % SPAN_MS)
      agenda.note(item)
      if (agenda.next > now) continue
      for (let due = agenda.due(now); due !== undefined; due = agenda.due(now)) {
        due.due = now + SPAN_MS
        agenda.note(due)
      }
    }
  }
  return { name: `timers/${size}`, measure: async () => ({ [TIMERS]: nanoseconds(operate) }) }
}

function lookups(size: number): Case {
  const next = drawn(size)
  const numbers = Array.from({ length: size }, () => next())
  const table = new Spis<{ readonly spi: number }>((length) => new Uint8Array(length))
  for (const spi of numbers) table.claim(spi, { spi })
  let found = 0
  const operate = (times: number): void => {
    for (let time = 0; time < times; time++) found += table.find(numbers[next() % size] ?? 0)?.spi ?? 0
  }
  return {
    name: `look-ups/${size}`,
    measure: async () => {
      const ns = nanoseconds(operate)
      return found < 0 ? {} : { [LOOKUPS]: ns }
    },
  }
}

export function tableCases(): readonly Case[] {
  return SIZES.flatMap((size) => [timers(size), lookups(size)])
}

// The checker of streams objects to every way in which a stream can be wrong, and holds its tongue otherwise.

import { describe, expect, it } from 'vitest'
import type { MachineEvent } from '../../src/core/machine.ts'
import { contentBytes, type Observation, StreamChecker } from '../../src/sim.ts'
import { ended, HIT_A, HIT_B, run, told } from '../support/observations.ts'

const a = run({ id: 1, name: 'a', hit: HIT_A, lineage: 1 })
const b = run({ id: 2, name: 'b', hit: HIT_B, lineage: 2 })
const b2 = run({ id: 3, name: 'b', hit: HIT_B, lineage: 2, epoch: 2 })
const content = contentBytes(5, 100)

const opened: Observation = { type: 'stream-opened', run: a, peer: HIT_B, id: 0 }
const wrote: Observation = { type: 'stream-wrote', run: a, peer: HIT_B, id: 0, serial: 5, bytes: content }
const finished: Observation = { type: 'stream-finished', run: a, serial: 5 }
const incoming: MachineEvent = { type: 'stream', peer: HIT_A, id: 0, port: 9, sourcePort: 0 }
const end: MachineEvent = { type: 'stream-end', peer: HIT_A, id: 0 }
const closed: MachineEvent = { type: 'stream-closed', peer: HIT_A, id: 0 }
const lost: MachineEvent = { type: 'stream-lost', peer: HIT_A, id: 0, reason: 'reset', detail: '' }

function data(from: number, to: number, bytes: Uint8Array = content): MachineEvent {
  return { type: 'stream-data', peer: HIT_A, id: 0, bytes: bytes.subarray(from, to) }
}

function read(bytes: number): Observation {
  return { type: 'stream-read', run: b, peer: HIT_A, id: 0, bytes }
}

function begins(resumes: boolean): Observation {
  return { type: 'run-begins', at: 0, run: b2, resumes: resumes ? [HIT_A] : [] }
}

/** What it says, in the end; nothing before. */
function word(...observations: readonly (Observation | MachineEvent)[]): string | undefined {
  const checker = new StreamChecker()
  const words = [{ type: 'run-begins', at: 0, run: b } as const, opened, wrote, ...observations].map((one) =>
    checker.see('run' in one ? one : told(b, one as MachineEvent)),
  )
  expect(words.slice(0, -1).filter((said) => said !== undefined)).toEqual([])
  return words.at(-1)
}

describe('S1, every byte once and in its place,', () => {
  it('passes a stream that comes in pieces, ends and is over', () => {
    expect(word(incoming, data(0, 3), data(3, 60), read(20), data(60, 100), finished, end, closed)).toBeUndefined()
  })

  it('passes what was not read and is told again by the next start', () => {
    expect(word(incoming, data(0, 60), read(20), begins(true), told(b2, data(20, 60)))).toBeUndefined()
  })

  it('objects if the next start tells what was read, or leaves something out', () => {
    expect(word(incoming, data(0, 60), read(20), begins(true), told(b2, data(10, 60)))).toMatch(/other bytes at 20/)
    expect(word(incoming, data(0, 60), read(20), begins(true), told(b2, data(60, 80)))).toMatch(/other bytes at 20/)
  })

  it('passes the same id after the association did not travel, or ended', () => {
    expect(word(incoming, data(0, 60), begins(false), told(b2, incoming))).toBeUndefined()
    expect(word(incoming, lost, ended('reset'), incoming)).toBeUndefined()
  })

  it.each<[what: string, observations: readonly (Observation | MachineEvent)[], objection: RegExp]>([
    ['the same bytes twice', [incoming, data(0, 60), data(0, 60)], /other bytes at 60/],
    ['bytes out of order', [incoming, data(0, 10), data(50, 60)], /other bytes at 10/],
    [
      'other bytes',
      [
        incoming,
        data(0, 10),
        data(
          10,
          20,
          content.map((byte) => byte ^ 1),
        ),
      ],
      /other bytes at 10/,
    ],
    ['what nobody wrote', [incoming, data(0, 20, contentBytes(6, 20))], /nobody honest wrote/],
    ['more than was written', [incoming, data(0, 100), data(0, 1)], /other bytes at 100/],
    ['an end that nobody made', [incoming, data(0, 100), end], /its writer has not ended it/],
    ['an end too soon', [incoming, data(0, 99), finished, end], /ended at byte 99 of 100/],
    ['data of a stream that is not open', [data(0, 10)], /is not open/],
    ['data after its end as a stream', [incoming, closed, data(0, 10)], /is not open/],
    ['a stream that is opened twice', [incoming, incoming], /opened twice/],
    ['an id that comes again', [incoming, closed, incoming], /opened twice/],
    ['a stream that outlives its association', [incoming, ended('reset')], /outlives/],
    [
      'data after a reset',
      [incoming, { type: 'stream-reset', peer: HIT_A, id: 0, code: 3 }, data(0, 9)],
      /after it was/,
    ],
    [
      'what was written to somebody else',
      [{ ...incoming, peer: HIT_B }, { ...data(0, 9), peer: HIT_B } as MachineEvent],
      /somebody else/,
    ],
    ['more read than told', [incoming, data(0, 10), read(11)], /more was read/],
  ])('objects to %s', (_, observations, objection) => {
    expect(word(...observations)).toMatch(objection)
  })
})

// The practice before a move: it must really play moves, for else nobody would notice that it has stopped to do so.

import { expect, test, vi } from 'vitest'
import { rehearseMove, rehearseSoon } from '../../src/node/rehearsal.ts'

test('a rehearsal plays a few moves, the next one goes on from there, and two at once are one', async () => {
  const [first, same] = await Promise.all([rehearseMove(), rehearseMove()])
  expect(first).toBeGreaterThanOrEqual(3)
  expect(same).toBe(first)
  expect(await rehearseMove()).toBeGreaterThanOrEqual(first + 3)
})

test('a peer that has seen moves practises once for all of them, and later', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  rehearseSoon()
  rehearseSoon()
  expect(vi.getTimerCount()).toBe(1)
  vi.runAllTimers()
  vi.useRealTimers()
  expect(await rehearseMove()).toBeGreaterThanOrEqual(3)
})

test('a rehearsal ends when the process has played enough', async () => {
  let played = await rehearseMove()
  for (let calls = 0; calls < 64; calls++) played = await rehearseMove()
  expect(played).toBe(64)
  vi.useFakeTimers()
  rehearseSoon()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

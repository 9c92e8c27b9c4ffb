// The practice before a move: it must really play moves, for else nobody would notice that it has stopped to do so.

import { afterEach, expect, test, vi } from 'vitest'
import { REHEARSAL_AT_ONCE_MS, REHEARSAL_SOON_MS, REHEARSAL_TURNS_MAX } from '../../src/node/config.ts'
import { rehearseMove, rehearseSoon } from '../../src/node/rehearsal.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  vi.doUnmock('../../src/core/engine.ts')
  vi.doUnmock('../../src/node/config.ts')
})

/** A process that has not practised yet. */
async function another(): Promise<typeof import('../../src/node/rehearsal.ts')> {
  vi.resetModules()
  return import('../../src/node/rehearsal.ts')
}

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
  vi.advanceTimersByTime(REHEARSAL_SOON_MS - 1)
  rehearseSoon()
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(1)
  const practising = vi.getTimerCount()
  rehearseSoon()
  expect(vi.getTimerCount()).toBe(practising + 1)
  vi.runAllTimers()
  vi.useRealTimers()
  expect(await rehearseMove()).toBeGreaterThanOrEqual(3)
})

test('a rehearsal ends when the process has played enough', async () => {
  vi.doMock('../../src/node/config.ts', async (original) => ({ ...(await original<object>()), REHEARSED_MOVES_MAX: 5 }))
  const { rehearseMove: practise, rehearseSoon: practiseSoon } = await another()
  for (let calls = 0; calls < 3; calls++) await practise()
  expect(await practise()).toBe(5)
  vi.useFakeTimers()
  practiseSoon()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

test('a rehearsal lasts no longer than its time, but for the least that is of any use', async () => {
  const begun = performance.now()
  const clock = vi.spyOn(performance, 'now').mockReturnValueOnce(begun)
  clock.mockReturnValue(begun + REHEARSAL_AT_ONCE_MS)
  expect(await (await another()).rehearseMove()).toBe(3)
})

test('engines that never fall silent are left alone after a thousand turns', async () => {
  let heard = 0
  const { Engine } = await import('../../src/core/engine.ts')
  class Busy extends Engine {
    #another = false
    override receive(): void {
      heard++
    }
    override transmit(): ReturnType<InstanceType<typeof Engine>['transmit']> {
      this.#another = !this.#another
      return this.#another ? { bytes: new Uint8Array(1), to: { address: '127.0.0.1', port: 1 } } : undefined
    }
    override send(): never {
      throw new Error('the first turns are over')
    }
  }
  vi.doMock('../../src/core/engine.ts', () => ({ Engine: Busy }))
  expect(await (await another()).rehearseMove()).toBe(0)
  expect(heard).toBe(2 * REHEARSAL_TURNS_MAX)
})

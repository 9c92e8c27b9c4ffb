// Every limit and time of src/cli, crossed.

import { once } from 'node:events'
import { afterEach, expect, test, vi } from 'vitest'
import * as limits from '../../src/cli/config.ts'
import { execute } from '../../src/cli/exec.ts'
import { Journey } from '../../src/cli/journey.ts'
import { Progress } from '../../src/cli/progress.ts'
import { afterThisTest } from '../support/afterwards.ts'
import { endpointOn, pair } from '../support/endpoints.ts'
import { failure } from '../support/stream-ends.ts'
import { strewnLimits } from '../support/strewn-limits.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const CROSSINGS: Readonly<Record<keyof typeof limits, () => Promise<void>>> = {
  CHILDREN_MAX: async () => {
    const { a, b } = await pair()
    const ended: Promise<void>[] = []
    b.listen(7, (stream) => {
      stream.on('error', () => undefined)
      ended.push(execute('read word; echo $word', stream))
    })
    const streams = Array.from({ length: limits.CHILDREN_MAX + 1 }, () => a.connect(b.peer, 7))
    expect(await failure(streams.at(-1) ?? a.connect(b.peer, 7))).toMatchObject({ code: 'ERR_SOJOURN_RESET' })
    for (const stream of streams.slice(0, -1)) stream.end('word\n')
    for (const stream of streams.slice(0, -1)) expect(String((await once(stream, 'data'))[0])).toBe('word\n')
    await Promise.all(ended)
    // There is room again.
    expect(String((await once(a.connect(b.peer, 7).end('again\n'), 'data'))[0])).toBe('again\n')
    await Promise.all(ended)
  },
  REDRAW_MS: async () => {
    const { isTTY } = process.stderr
    process.stderr.isTTY = true
    afterThisTest(() => {
      process.stderr.isTTY = isTTY
    })
    const endpoint = await endpointOn()
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const drawn = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const progress = new Progress(new Journey(endpoint, endpoint.hit), 10, () => 5)
    vi.advanceTimersByTime(limits.REDRAW_MS - 1)
    expect(drawn).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(drawn).toHaveBeenCalledOnce()
    progress.stop()
    expect(vi.getTimerCount()).toBe(0)
  },
}

test.each(Object.entries(CROSSINGS))('%s is crossed', (_limit, cross) => cross())

test('no limit of a command stands elsewhere', () => {
  expect(Object.keys(CROSSINGS).sort()).toEqual(Object.keys(limits).sort())
  expect(strewnLimits('src/cli', ['config.ts'])).toEqual([])
})

import { describe, expect, it } from 'vitest'
import { Endpoint } from '../../src/index.ts'

const HERE = { bind: { address: '127.0.0.1' } }

describe('whoIs', () => {
  it('tells who is at an address, who can then be associated with', async () => {
    await using there = await Endpoint.open({ ...HERE, opportunistic: true })
    await using here = await Endpoint.open(HERE)
    const peer = await here.whoIs(`127.0.0.1:${there.locator.port}`)
    expect(peer).toBe(there.peer)
    expect((await here.associate(peer)).peer).toBe(there.hit)
  })

  it('does not find who has not said that it wants to be found', async () => {
    await using there = await Endpoint.open(HERE)
    await using here = await Endpoint.open(HERE)
    const asked = here.whoIs(`127.0.0.1:${there.locator.port}`, { timeoutMs: 300 })
    await expect(asked).rejects.toMatchObject({ code: 'ERR_SOJOURN_UNREACHABLE' })
    expect(there.counters['i1-opportunistic']).toBeGreaterThan(0)
  })

  it('is given up with its signal, and with its endpoint', async () => {
    await using here = await Endpoint.open(HERE)
    const giveUp = new AbortController()
    const first = here.whoIs('127.0.0.1:9', { signal: giveUp.signal })
    giveUp.abort(new Error('enough'))
    await expect(first).rejects.toThrow('enough')
    const second = here.whoIs('127.0.0.1:9')
    here.destroy()
    await expect(second).rejects.toMatchObject({ code: 'ERR_SOJOURN_CLOSED' })
  })

  it.each(['127.0.0.1', 'somewhere:5', '127.0.0.1:0', ''])('does not ask at %j', async (text) => {
    await using here = await Endpoint.open(HERE)
    await expect(here.whoIs(text)).rejects.toMatchObject({ code: 'ERR_SOJOURN_ARGUMENT' })
  })
})

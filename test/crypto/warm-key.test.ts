import { describe, expect, it } from 'vitest'
import { WARM_KEYS_MAX, WarmKey } from '../../src/crypto/warm-key.ts'

describe('a key that is kept as bytes', () => {
  it('is made ready when it is used, and has those bytes', () => {
    const key = new WarmKey(Uint8Array.of(1, 2, 3))
    expect(key.warm).toBe(false)
    expect([...key.object.export()]).toEqual([1, 2, 3])
    expect(key.warm).toBe(true)
  })

  it('is the same object as long as it is ready', () => {
    const key = new WarmKey(Uint8Array.of(4))
    expect(key.object).toBe(key.object)
  })

  it('gives way to so many that are used after it, and is made ready again when it is wanted', () => {
    const first = new WarmKey(Uint8Array.of(5))
    const before = first.object
    const others = Array.from({ length: WARM_KEYS_MAX }, (_, n) => new WarmKey(Uint8Array.of(n)))
    for (const [n, key] of others.entries()) {
      expect(first.warm).toBe(true)
      key.object.export()
      expect(others.filter((other) => other.warm)).toHaveLength(n + 1)
    }
    expect(first.warm).toBe(false)
    expect(first.object).not.toBe(before)
    expect([...first.object.export()]).toEqual([5])
    expect(others[0]?.warm).toBe(false)
  })

  it('that has been overwritten is zeros when it is made ready afterwards', () => {
    const bytes = Uint8Array.of(6, 7)
    const key = new WarmKey(bytes)
    bytes.fill(0)
    expect([...key.object.export()]).toEqual([0, 0])
  })
})

// RFC 8046 §4 and §5: what LOCATOR_SET says, and what is believed of it.

import { describe, expect, it } from 'vitest'
import { addressBytes, type Locator } from '../../src/base/address.ts'
import { listedLocators, locatorParameter } from '../../src/core/moving/offer.ts'
import { isMalformed } from '../../src/wire/malformed.ts'
import { decodeLocatorSet, type LocatorEntry } from '../../src/wire/mobility.ts'
import { freeze, messagesOf, place, sentBy, stage, thaw, those, updateOf } from '../support/stage.ts'
import { sound } from '../wire/fixtures.ts'

const GROUPS = ['224.0.0.1', '239.255.255.250', '255.255.255.255', '0.0.0.0', 'ff02::1', 'ff0e::101', '::']
const HOSTS = ['192.0.2.1', '127.0.0.1', '223.255.255.254', '2001:db8::1', 'fe80::1']

const at = (address: string): Locator => ({ address, port: 10_500 })

function entry(address: string): LocatorEntry {
  const bytes = addressBytes(address)
  if (bytes === undefined) throw new Error(address)
  const common = { trafficType: 0, locatorType: 2, preferred: false, lifetimeSeconds: 60 } as const
  return { ...common, address: bytes, port: 10_500, protocol: 17, kind: 0, priority: 1, spi: 256 }
}

describe('a LOCATOR_SET', () => {
  it('names no broadcast or multicast address: ours are left out, a peer’s are passed over', () => {
    const written = sound(decodeLocatorSet(locatorParameter([...GROUPS, ...HOSTS].map(at), 256).contents, 0))
    expect(written.map(({ address }) => address)).toEqual(HOSTS.map((host) => addressBytes(host)))
    const believed = listedLocators([...GROUPS, ...HOSTS].map(entry), 0)
    expect(believed.map(({ locator }) => locator.address)).toEqual(HOSTS)
  })

  it('is bound to the SPI that ESP_INFO names', () => {
    const cast = stage()
    cast.a.engine.readdress(cast.wire.now, [cast.a.at])
    cast.wire.run(100)
    const readdress = updateOf(those(cast, 'READDRESS', cast.a)[0])
    expect(readdress.espInfo?.oldSpi).toBe(readdress.espInfo?.newSpi)
    thaw(cast, cast.alice, freeze(cast, cast.a), 2, place(3))
    cast.wire.drain()
    const offer = updateOf(those(cast, 'P1')[0])
    expect(offer.espInfo?.oldSpi).not.toBe(offer.espInfo?.newSpi)
    for (const { locators, espInfo } of [readdress, offer])
      expect(locators?.map(({ spi }) => spi)).toEqual([espInfo?.newSpi])
  })

  it('with a lifetime of zero is malformed, and ours never ends', () => {
    const { contents } = locatorParameter([place(1)], 256)
    expect(sound(decodeLocatorSet(contents, 0)).map(({ lifetimeSeconds }) => lifetimeSeconds)).toEqual([0xffffffff])
    expect(isMalformed(decodeLocatorSet(contents.slice().fill(0, 4, 8), 0))).toBe(true)
  })
})

describe('an address that was given up', () => {
  it('is verified anew before data goes there without limit', () => {
    const cast = stage()
    const home = cast.a.at
    let place31 = place(31)
    // A translator: what Alice sends comes from where she says that she is.
    cast.wire.bend = (flying) => {
      if (flying.from === home) return [{ ...flying, from: place31 }]
      return [flying.to.address === place31.address ? { ...flying, to: home } : flying]
    }
    const asked = () =>
      messagesOf(sentBy(cast, cast.b), 'UPDATE').filter((update) => update.echoRequestSigned !== undefined).length
    const where = () => cast.b.engine.association(cast.a.engine.hit)?.locator
    for (const [turn, next] of [place(31), place(32), place(31)].entries()) {
      place31 = next
      cast.a.engine.readdress(cast.wire.now, [next])
      cast.wire.run(200)
      expect([where(), asked()]).toEqual([next, turn + 1])
    }
  })
})

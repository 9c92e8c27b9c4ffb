// A stream between processes over an emulated link that is slow and loses, and brings some packets late: the sender, the link and the
// receiver are a process each, and then the sender goes on in one more. Nothing is waited for but what somebody says.

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { afterThisTest } from '../support/afterwards.ts'
import { Child } from '../support/children.ts'
import { EMULATED_BYTES } from '../support/emulated-bytes.ts'
import type { EmulatedLink, LinkCounts } from '../support/link-emulator.ts'
import { noise } from '../support/stream-app.ts'
import { temporaryFolder } from '../support/temporary.ts'

const LINK: EmulatedLink = {
  mbitPerSecond: 20,
  delayMs: 10,
  queueBytes: 50_000,
  loss: 0.005,
  reorder: 0.005,
  lateMs: 5,
}
/** Packets of the largest size that all of it takes. */
const WHOLE = EMULATED_BYTES / 1_472
const DIGEST = createHash('sha256').update(noise(EMULATED_BYTES)).digest('hex')

function begin(...args: readonly string[]): Child {
  const child = new Child('emulated-child', args)
  afterThisTest(() => child.kill())
  return child
}

/** Sender, link and receiver, with the stream under way. */
async function scene() {
  const folder = temporaryFolder()
  const receiver = begin('receive')
  const { hit, port } = (await receiver.said(1)) ?? {}
  const link = begin('link', String(port), JSON.stringify(LINK))
  const { address } = (await link.said(1)) ?? {}
  const sender = begin('send', `${hit}@${address}`, join(folder, 'a'), join(folder, 'ledger'))
  return { folder, receiver, link, sender }
}

/** Packets of the sender that the link has been offered so far, and of these those that chance took. */
async function forth(link: Child): Promise<LinkCounts> {
  const asked = link.lines.length
  link.tell('counts\n')
  return (await link.said(asked + 1))?.forth as LinkCounts
}

/** All of it has gone over the link, and lost something there; it has arrived whole, and the sender has heard so. */
async function arrived(receiver: Child, from: Child, saidBefore: number): Promise<void> {
  expect(await receiver.said(3)).toEqual({ read: EMULATED_BYTES, digest: DIGEST, baseExchanges: 1 })
  expect(await from.said(saidBefore + 1)).toEqual({ answer: DIGEST })
}

it('a stream comes over a link between processes whole, though the link loses packets and brings others late', async () => {
  const { receiver, link, sender } = await scene()
  await arrived(receiver, sender, 1)
  const { offered, unlucky } = await forth(link)
  expect(offered).toBeGreaterThan(WHOLE)
  expect(unlucky).toBeGreaterThan(0)
})

it('a process that is moved in the middle of it goes on over the same link, and not a byte is missing or there twice', async () => {
  const { folder, receiver, link, sender } = await scene()
  const target = begin('arrive', join(folder, 'b'), join(folder, 'ledger'))
  const { hit } = (await sender.said(1)) ?? {}
  target.tell(`offer ${hit}\n`)
  const { ready } = (await target.said(1)) ?? {}
  expect(await receiver.said(2)).toEqual({ part: true })
  sender.tell(`${ready}\n`)
  const { capsule } = (await sender.said(2)) ?? {}
  const before = await forth(link)
  target.tell(`thaw ${capsule}\n`)
  await arrived(receiver, target, 2)
  // It left before all could have been sent, and the rest went by the link, too.
  expect(before.offered).toBeLessThan(WHOLE)
  expect((await forth(link)).offered).toBeGreaterThan(WHOLE)
  expect(sender.lines).toHaveLength(2)
})

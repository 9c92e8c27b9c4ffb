// The first act: a service and a peer that sends it 200 datagrams a second. Three moves of the service, then one of both at once.

import type { Counts, PeerCounts } from './messages.ts'
import { place, type Stage, type Stay } from './stage.ts'
import type { DatagramReport } from './summary.ts'

/** How long the two talk between moves. */
const TALK_MS = 900

/** Plays it, and returns what the two have counted. */
export async function playDatagrams(stage: Stage): Promise<DatagramReport> {
  const { first, second, peer: home } = stage.addresses
  stage.onNews = (news) => {
    if (news.type !== 'progress') return
    stage.timeline.progress(news.answered, `${news.answered} of ${news.sent} answered`)
  }
  const [serviceChild, peerChild] = await Promise.all([stage.start('service'), stage.start('peer')])
  let service = await stage.begin(serviceChild, first)
  let peer = await stage.begin(peerChild, home, { talkTo: service.standing.peer })
  for (const [index, address] of [second, first, second].entries()) {
    await talk(stage, service, peer)
    const target = await stage.start('service')
    const move = await stage.prepare(service, target, address)
    const [next = service] = await stage.move(`move ${index + 1}`, [move], [peer])
    service = next
  }
  await talk(stage, service, peer)
  const targets = await Promise.all([stage.start('service'), stage.start('peer')])
  const moves = await Promise.all([stage.prepare(service, targets[0], first), stage.prepare(peer, targets[1], home)])
  const [nextService = service, nextPeer = peer] = await stage.move('both move', moves, [])
  service = nextService
  peer = nextPeer
  await talk(stage, service, peer)
  const counts = await peer.child.ask<PeerCounts>({ type: 'finish' })
  const atService = await service.child.ask<Counts>({ type: 'finish' })
  return { ...counts, hit: service.standing.hit, duplicated: counts.duplicated + atService.duplicated }
}

async function talk(stage: Stage, service: Stay, peer: Stay): Promise<void> {
  stage.timeline.scene(`${place(service)} ⇄ ${place(peer)}`)
  await stage.pass(TALK_MS)
}

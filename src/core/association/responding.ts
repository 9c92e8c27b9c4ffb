// The Responder's half of the state machine (RFC 7401 §4.4.4, §6.7, §6.9): I1s are answered without state, an I2 that proves
// everything becomes an association. Who may replace what is decided here.

import type { Locator } from '../../base/address.ts'
import { compareBytes } from '../../base/bytes.ts'
import { type Hit, hitBytes } from '../../crypto/hit.ts'
import type { PublicKey } from '../../crypto/identity.ts'
import type { I1, I2 } from '../../wire/messages.ts'
import { listedLocators, withPorts } from '../moving/offer.ts'
import type { Association } from './association.ts'
import { startClose } from './closing.ts'
import type { Context } from './context.ts'
import { establish } from './establish.ts'
import { liveFloor } from './live-floor.ts'
import { blocked } from './notify.ts'
import { dropOpening } from './opening.ts'
import { R1Pool } from './r1-pool.ts'
import { acceptI2, type Candidate } from './responder.ts'
import { sameStart } from './start-proof.ts'
import { type Action, actionOf } from './states.ts'

export class Responding {
  readonly #context: Context
  readonly #admit: (key: PublicKey, peer: Hit) => boolean
  readonly #pool: R1Pool

  constructor(context: Context, admit: (key: PublicKey, peer: Hit) => boolean) {
    this.#context = context
    this.#admit = admit
    this.#pool = new R1Pool(context)
  }

  get deadline(): number {
    return this.#pool.deadline
  }

  expire(now: number): void {
    if (this.#pool.deadline <= now) this.#pool.expire(now)
  }

  forget(): void {
    this.#pool.forget()
  }

  /**
   * No state, no signature. In a simultaneous open the smaller HIT stays Initiator and gets no R1 from one that is
   * in I1-SENT itself (RFC 7401 §4.4.4).
   */
  onI1(now: number, message: I1, source: Locator, existing: Association | undefined): void {
    const context = this.#context
    const does = existing === undefined ? actionOf('UNASSOCIATED', 'I1') : existing.on('I1')
    if (does !== 'send R1' && compareBytes(context.hitBytes, message.sender) < 0) return context.count('i1-crossed')
    const answer = this.#pool.answer(now, message, source, existing?.held)
    if ('drop' in answer) return context.count(answer.drop)
    context.sendPacket(answer.r1, source)
  }

  /** Returns the association that was made, if one was. */
  onI2(
    now: number,
    message: I2,
    source: Locator,
    existing: Association | undefined,
    make: () => Association,
  ): Association | undefined {
    const context = this.#context
    let association: Association | undefined
    const outcome = acceptI2(context, this.#pool, now, message, source, {
      held: existing?.held,
      admit: (key, peer) => context.access.admits(peer, key) && this.#agrees(key, peer),
      decide: (candidate) => {
        const does = existing === undefined ? actionOf('UNASSOCIATED', 'I2') : existing.on('I2')
        const refused = this.#refusal(candidate, existing, does)
        if (refused !== undefined) return refused
        association = reuse(existing, now) ?? make()
        association.on('I2')
        return { inboundSpi: context.newSpi(association), reserveIn: context.newSpi(association) }
      },
    })
    if ('drop' in outcome) {
      context.count(outcome.drop)
      if (outcome.drop === 'i2-not-admitted' && context.mayNotifyStranger(now, source)) {
        context.sendPacket(blocked(context, message.sender, message.packet.bytes), source)
      }
      return undefined
    }
    if ('repeat' in outcome) {
      context.sendPacket(outcome.repeat, source)
      return undefined
    }
    if (association === undefined) return undefined
    context.sendPacket(outcome.r2, source)
    // R2 has gone to where I2 came from, whatever that prefers (RFC 8047 §4.2.8).
    const listed = message.locators && listedLocators(withPorts(message.locators, source.port), now)
    const tuple = association.paths.observe(source)
    const bytes = message.packet.bytes.length + 4
    establish(association, now, outcome.seed, { tuple, bytes, asked: true, listed, told: context.locators })
    return association
  }

  /** The application's word. If it throws that is a no: otherwise anybody's I2 could end the process. */
  #agrees(key: PublicKey, peer: Hit): boolean {
    try {
      return this.#admit(key, peer)
    } catch {
      this.#context.count('admit-threw')
      return false
    }
  }

  /** MOVING §2: a lower epoch, or an equal one of another incarnation, never replaces an association. */
  #refusal(candidate: Candidate, existing: Association | undefined, does: Action | undefined): Refusal | undefined {
    const context = this.#context
    const { peerStart, peerKey, peerReceipt } = candidate
    const live = existing && liveFloor(existing)
    const judged = context.floors.judge({ key: peerKey, start: peerStart, receipt: peerReceipt }, live)
    if (judged === 'other-key' || judged === 'without-epoch') return `i2-${judged}`
    if (judged !== 'accepted') return 'i2-below-floor'
    const bound = existing?.session?.peerStart
    if (bound !== undefined && peerStart !== undefined) {
      const zombie = peerStart.epoch < bound.epoch || (peerStart.epoch === bound.epoch && !sameStart(peerStart, bound))
      return zombie ? 'i2-zombie' : undefined
    }
    if (does === 'process, send R2 if our HIT is the greater') {
      return compareBytes(context.hitBytes, hitBytes(candidate.peer)) < 0 ? 'i2-crossed' : undefined
    }
    return existing === undefined && context.isFull() ? 'associations-full' : undefined
  }
}

type Refusal = 'i2-without-epoch' | 'i2-other-key' | 'i2-below-floor' | 'i2-zombie' | 'i2-crossed' | 'associations-full'

/** Says goodbye to a peer that the lists do not admit any more. False if there is no need to. */
export function dismiss(association: Association, now: number): boolean {
  const { peer, session, context, state } = association
  if (session === undefined || state.name === 'closing' || context.access.admits(peer, session.peerKey)) return false
  startClose(association, now)
  return true
}

/** An association that was opening keeps its queue; one that was established ends and makes room. */
function reuse(existing: Association | undefined, now: number): Association | undefined {
  if (existing === undefined) return undefined
  if (existing.state.name === 'opening') {
    dropOpening(existing, existing.state.opening)
    return existing
  }
  if (existing.session !== undefined) existing.end(now, 'replaced')
  return undefined
}

// More than one path to a peer (RFC 8047 §4.2.3, §5): all that it lists are verified before they are needed, data goes where it
// prefers, and when that path goes silent, to another one that answers. The measure is the probe time-out (RFC 9002 §6.2):
// after one of silence every path is asked; what has not answered after another one is left for what has.

import type { Association } from './association.ts'
import { startCheck } from './reach.ts'
import { readdress } from './readdress.ts'
import { type Check, type PathReason, sameOrNone, type Tuple } from './tuple.ts'

/** Something goes out along the current path, and something should follow along it. */
export function watchPath(association: Association, now: number): void {
  const { paths, timers, rtt } = association
  if (paths.silence !== undefined) return
  paths.silence = { since: now, asked: false, answered: undefined }
  // The timer is not moved by every packet; when it fires it looks how long the silence really is.
  if (timers.at('failover') === Infinity && paths.hasAlternatives) timers.set('failover', now + rtt.ptoMs)
}

/** One PTO of silence: all paths are asked. Two: the best that has answered is taken. */
export function expireFailover(association: Association, now: number): void {
  const { paths, timers, rtt, usable: session } = association
  const { silence, current } = paths
  if (silence === undefined || current === undefined || session === undefined) return
  // A P1 looks for the peer by turns at all its locators.
  if ('offer' in session.ratchet && session.ratchet.offer?.kind === 'rebind') return
  if (silence.asked) {
    if (silence.answered !== undefined) takePath(association, now, silence.answered, 'failover')
    return
  }
  const due = silence.since + rtt.ptoMs
  if (due > now) return timers.set('failover', due)
  startCheck(association, now, current, 'failover')
  askAlternatives(association, now)
  timers.set('failover', now + rtt.ptoMs)
}

/** Asks other paths whether the peer is there; a few at once. */
export function askAlternatives(association: Association, now: number): void {
  const { paths, context } = association
  if (paths.silence === undefined) return
  paths.silence.asked = true
  for (const tuple of paths.alternatives(now).slice(0, context.config.failoverChecksMax)) {
    startCheck(association, now, tuple, 'failover')
  }
}

/** A check has been answered, from where it went. */
export function onChecked(association: Association, now: number, tuple: Tuple, check: Check): void {
  const { paths, rtt } = association
  const { silence } = paths
  if (tuple.checks === 1) tuple.rttMs = now - check.sentAt
  if (tuple === paths.current || check.why === 'standby') {
    paths.verify(tuple)
    if (tuple !== paths.current) return
    if (tuple.checks === 1) rtt.sample(now - check.sentAt)
    association.answerEcho = undefined
  } else if (check.why !== 'failover') takePath(association, now, tuple, check.why)
  else {
    paths.verify(tuple)
    if (silence?.asked !== true) return
    silence.answered = paths.better(tuple, silence.answered)
    if (now >= silence.since + 2 * rtt.ptoMs) takePath(association, now, silence.answered, 'failover')
  }
}

/** Data goes there from now on: the tuple has answered. */
export function takePath(association: Association, now: number, tuple: Tuple, why: PathReason): void {
  const { paths, rtt, context, peer, timers } = association
  const before = paths.current
  association.answerEcho = undefined
  if (!paths.activate(tuple, why)) return
  // A new port of one address is still the same way (RFC 9000 §9.4).
  const same = before?.locator.address === tuple.locator.address && sameOrNone(before.at, tuple.at)
  if (!same) rtt.restart()
  if (tuple.rttMs !== undefined && (!same || tuple.checks === 1)) rtt.sample(tuple.rttMs)
  context.event({ type: 'path', peer, locator: tuple.locator, why })
  context.wake(association)
  // The peer is told where we are heard better (RFC 8046 §5.5).
  if (why === 'failover' && before !== undefined && !sameOrNone(before.at, tuple.at)) readdress(association, now)
  if (paths.hasAlternatives) timers.set('tend', Math.min(timers.at('tend'), now + context.config.pathRecheckMs))
}

/** What the peer has listed is verified, and tried again now and then; and it gets our own locators, if we have several. */
export function tendPaths(association: Association, now: number): void {
  const { paths, context, timers, usable: session, rtt } = association
  if (session === undefined) return
  if (session.ratchet.name !== 'settled') return timers.set('tend', now + rtt.ptoMs)
  if (!association.announced && context.locators.length > 1) readdress(association, now)
  const wanted = paths.preferred
  // Failover is measured by it.
  if (paths.current !== undefined && rtt.smoothedMs === undefined)
    startCheck(association, now, paths.current, 'standby')
  let left = false
  for (const tuple of paths.tuples) {
    if (!tuple.listed || tuple === paths.current || tuple.expiresAt <= now) continue
    const isWanted = tuple === wanted
    if (tuple.state === 'active' ? !isWanted : !paths.mayAsk(tuple)) continue
    startCheck(association, now, tuple, isWanted ? 'preferred' : 'standby')
    left = true
  }
  if (left) timers.set('tend', now + context.config.pathRecheckMs)
}

/** The peer has just listed its locators. */
export function tendSoon(association: Association, now: number): void {
  const { paths, timers, rtt } = association
  if (paths.hasAlternatives) timers.set('tend', Math.min(timers.at('tend'), now + rtt.ptoMs))
}

// The joint between an association and the transport of its streams (../transport/). There is none before the first stream, or the
// first packet of one. Keys, paths and what may leave are the association's; who listens is the identity's.

import type { Locator } from '../../base/address.ts'
import { compareBytes } from '../../base/bytes.ts'
import { Queue } from '../../base/queue.ts'
import { StreamCode, TransportError } from '../../wire/frame.ts'
import type { EndReason } from '../machine.ts'
import type { StreamEvent } from '../stream-event.ts'
import { MTU_LOOPBACK_BYTES } from '../transport/recovery-config.ts'
import type { StreamBudget } from '../transport/streams/budget.ts'
import type { FrozenStreams } from '../transport/streams/frozen-streams.ts'
import type { StreamEvent as Told } from '../transport/streams/streams.ts'
import { Transport, type TransportOptions } from '../transport/transport.ts'
import type { Association } from './association.ts'
import { startClose } from './closing.ts'
import { headerBytes } from './tuple.ts'

/** What an association keeps for its streams. */
export interface Streaming {
  readonly transport: Transport
  /** What the owner has not fetched yet. */
  readonly news: Queue<StreamEvent>
  /** The way that recovery knows; undefined before there is one. */
  path: Path | undefined
  /** Streams of the peer that were refused: nothing is told of them. */
  readonly refused: Set<number>
  /** When the peer is left although our CLOSE_TRANSPORT could not go out. */
  closesAt: number
}

interface Path {
  readonly own: Locator | undefined
  readonly peer: Locator
}

/** The streams of an association, from now on if there were none. */
export function streamingOf(association: Association): Streaming {
  association.streaming ??= streaming(association, new Transport(optionsOf(association)))
  return association.streaming
}

/** For FREEZE, which waits for at most so long. */
export function holdStreams(association: Association, waitMs: number): void {
  const { streaming } = association
  if (streaming === undefined) return
  // What is told now is the last before the thaw.
  collect(association, streaming)
  streaming.transport.hold(association.paths.current?.state === 'active' ? waitMs : 0)
  association.context.wake(association)
}

/** When FREEZE came to nothing: what came true meanwhile is told. */
export function releaseStreams(association: Association): void {
  const { streaming } = association
  if (streaming === undefined) return
  streaming.transport.release()
  collect(association, streaming)
}

/** What streams a capsule brings: what its owner has not read is told again, and what the peer has not acknowledged, sent again. */
export function thawStreams(association: Association, now: number, frozen: FrozenStreams): void {
  association.streaming = streaming(association, Transport.thaw(optionsOf(association), frozen))
  tend(association, now)
}

function streaming(association: Association, transport: Transport): Streaming {
  transport.streams.onRoom(() => association.context.hasNews(association))
  return {
    transport,
    news: new Queue(Number.MAX_SAFE_INTEGER),
    path: pathOf(association),
    refused: new Set(),
    closesAt: Infinity,
  }
}

function optionsOf(association: Association): TransportOptions {
  const { context, peerBytes } = association
  const { config, entropy, streamBudget: budget } = context
  const even = compareBytes(context.hitBytes, peerBytes) > 0
  return { config, entropy, even, budget, mtuLimit: mtuLimitOf(association) }
}

// ── In ───────────────────────────────────────────────────────────────────────

/** An authentic packet came under `spi`; what its payload of `length` bytes begins, if it is for streams. */
export function onStreamPacket(
  association: Association,
  now: number,
  spi: number,
  sequence: number,
  plaintext: Uint8Array | undefined,
  length: number,
): void {
  const { session, context } = association
  if (plaintext === undefined) {
    association.streaming?.transport.note(now, spi, sequence)
    return
  }
  // A peer that knows only the RFCs has no transport, and what it means by this number nobody can say.
  if (session?.plain !== undefined) return context.count('next-header-unknown')
  const { transport } = streamingOf(association)
  association.usedAt = now
  followPath(association, now)
  transport.receive(now, spi, sequence, plaintext, length)
  tend(association, now)
}

/** After anything that happened to the streams: answers, news, the next deadline; and the end, if the rules were broken. */
export function tend(association: Association, now: number): void {
  const { streaming, context } = association
  if (streaming === undefined) return
  const { closing, streams, held } = streaming.transport
  // Who is at the door is answered at once, and what has been told does not travel; what else there is can wait until somebody asks.
  if (streams.knocked || held) collect(association, streaming)
  else if (streams.hasNews) context.hasNews(association)
  if (closing?.byPeer === true) return leave(association, now, closing.code, 'as the peer says')
  if (closing !== undefined && streaming.closesAt === Infinity) streaming.closesAt = now + association.rtt.ptoMs
  arm(association, now)
  context.wake(association)
}

/** The transport's timer. */
export function expireStreams(association: Association, now: number): void {
  const { streaming } = association
  if (streaming === undefined) return
  const { transport, closesAt } = streaming
  if (closesAt <= now) return leave(association, now, transport.closing?.code ?? 0, 'by the peer')
  transport.expire(now)
  tend(association, now)
}

/** Nothing is waited for while the peer is out of reach, or not there yet. */
export function arm(association: Association, now: number): void {
  const { streaming, timers, usable } = association
  if (streaming === undefined || usable === undefined) return timers.stop('streams')
  const { transport, closesAt } = streaming
  timers.set('streams', transport.closing === undefined ? transport.deadlineAfter(now) : closesAt)
}

function collect(association: Association, streaming: Streaming): void {
  const { context } = association
  const { streams } = streaming.transport
  if (streaming.transport.held || streaming.news.size >= context.config.streamEventsMax) return
  // An answer may lead to more.
  while (streams.hasNews) for (const told of streams.events()) take(association, streaming, told)
  if (streaming.news.size > 0) context.hasNews(association)
}

/** Streams of peers that nobody here listens to, or whose peers nobody wants, are refused before anybody hears of them. */
function take(association: Association, streaming: Streaming, told: Told): void {
  const { context, peer, session } = association
  const { streams } = streaming.transport
  if (told.kind === 'opened') {
    const fault = session === undefined ? 'port-closed' : context.listeners.fault(told.port, peer, session.peerKey)
    if (fault === undefined) streams.accept(told.id)
    else {
      context.count(fault)
      streaming.refused.add(told.id)
      streams.refuse(told.id, fault === 'port-closed' ? StreamCode.PORT_CLOSED : StreamCode.REFUSED)
    }
  }
  if (told.kind === 'openable') context.event({ type: 'streams-openable', peer })
  const event = eventOf(association, streaming, told)
  if (event !== undefined) streaming.news.push(event)
}

/** Names that are put together anew each time are compared letter by letter, and there may be thousands of streams a second. */
const PLAIN = {
  accepted: 'stream-accepted',
  end: 'stream-end',
  writable: 'stream-writable',
  finished: 'stream-finished',
  closed: 'stream-closed',
} as const

function eventOf({ peer }: Association, { refused }: Streaming, told: Told): StreamEvent | undefined {
  if ('id' in told && refused.has(told.id)) {
    if (told.kind === 'closed') refused.delete(told.id)
    return undefined
  }
  switch (told.kind) {
    case 'opened':
      return { type: 'stream', peer, id: told.id, port: told.port, sourcePort: told.sourcePort }
    case 'data':
      return { type: 'stream-data', peer, id: told.id, bytes: told.bytes }
    case 'reset':
      return { type: 'stream-reset', peer, id: told.id, code: told.code }
    case 'stopped':
      return { type: 'stream-stopped', peer, id: told.id, code: told.code }
    case 'openable':
      return undefined
    default:
      return { type: PLAIN[told.kind], peer, id: told.id }
  }
}

/** The next thing to tell the owner; undefined if there is nothing more. */
export function nextStreamEvent(association: Association): StreamEvent | undefined {
  const { streaming, context } = association
  if (streaming === undefined) return undefined
  if (streaming.news.size === 0) {
    if (!streaming.transport.streams.hasNews) return undefined
    collect(association, streaming)
    // A stream that is over may make room for another, of which the peer is to hear.
    if (streaming.transport.streams.wantsToSend) context.wake(association)
  }
  return streaming.news.shift()
}

// ── Moves ────────────────────────────────────────────────────────────────────

/** The peer has been started again elsewhere and is bound to its new start (MOVING §5). */
export function reboundStreams(association: Association, now: number): void {
  const { streaming } = association
  if (streaming === undefined) return
  streaming.path = pathOf(association)
  streaming.transport.rebound(mtuLimitOf(association))
  tend(association, now)
}

/** Looks whether packets take another way than before; it counts once it is verified (RFC 9000 §9.4). */
export function followPath(association: Association, now: number): void {
  const { streaming, paths, context } = association
  const { current } = paths
  if (streaming === undefined || current?.state !== 'active') return
  const before = streaming.path
  const own = current.at ?? context.locators[0]
  if (before?.own === own && before?.peer === current.locator) return
  streaming.path = { own, peer: current.locator }
  const same = before?.own?.address === own?.address && before?.peer.address === current.locator.address
  const route = before && { at: now, from: routeName(before), to: routeName(streaming.path) }
  streaming.transport.pathChanged(same ? 'port' : 'address', mtuLimitOf(association), route)
}

/** By addresses: another port of the same is the same path. */
function routeName({ own, peer }: Path): string {
  return `${own?.address} ${peer.address}`
}

function pathOf({ paths, context }: Association): Path | undefined {
  const { current } = paths
  return current && { own: current.at ?? context.locators[0], peer: current.locator }
}

/** What a link carries whole, as bytes of UDP payload: within one machine much, elsewhere what Ethernet does. */
function mtuLimitOf({ paths, context }: Association): number {
  const { mtuBaseBytes, mtuBytesMax, packetBytesMax } = context.config
  const locator = paths.current?.locator
  if (locator === undefined) return mtuBaseBytes
  // A search finds nothing out where packets too long for the path arrive in pieces.
  if (isLoopback(locator) || context.dontFragment) return Math.min(packetBytesMax, MTU_LOOPBACK_BYTES)
  return Math.min(packetBytesMax, mtuBytesMax, ETHERNET_BYTES - headerBytes(locator))
}

const ETHERNET_BYTES = 1_500

function isLoopback({ address }: Locator): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** As well as it is known, in ms: an end that only receives has it from its control packets. 0: not at all. */
export function rttOf({ streaming, rtt }: Association): number {
  const measured = streaming?.transport.recovery.rtt
  return measured?.latestMs === undefined ? (rtt.smoothedMs ?? 0) : measured.smoothedMs
}

/**
 * Breaks off the streams on which most waits, until no more does than the budget says: they alone would keep this identity where it is.
 * Such there are only if applications wrote more than was asked for.
 */
export function shedStreams(associations: Iterable<Association>, budget: StreamBudget): void {
  const heldBy = ({ streaming }: Association): number => streaming?.transport.streams.account.held ?? 0
  while (budget.excess > 0) {
    const [first, ...rest] = associations
    if (first === undefined) return
    const heaviest = rest.reduce((most, one) => (heldBy(one) > heldBy(most) ? one : most), first)
    const before = heldBy(heaviest)
    breakOff(heaviest)
    if (heldBy(heaviest) >= before) return
  }
}

function breakOff({ context, peer, streaming }: Association): void {
  const streams = streaming?.transport.streams
  const id = streams?.heaviest
  if (streams === undefined || id === undefined) return
  streams.reset(id, StreamCode.CANCELLED)
  streams.stop(id, StreamCode.CANCELLED)
  context.count('stream-shed')
  context.event({ type: 'stream-lost', peer, id, reason: 'shed', detail: 'more waited on it than a capsule carries' })
}

// ── The end ──────────────────────────────────────────────────────────────────

const FAULTS: ReadonlyMap<number, string> = new Map(Object.entries(TransportError).map(([name, code]) => [code, name]))

/** The rules of the transport have been broken: the association is closed. */
export function leave(association: Association, now: number, code: number, blame: string): void {
  association.context.count('transport-closed')
  association.timers.stop('streams')
  startClose(association, now, `the rules of streams were broken ${blame}: ${FAULTS.get(code) ?? code}`)
}

/** The association is over: what is to be told of its streams, and that they are over, too. */
export function loseStreams(association: Association, reason: EndReason, detail: string): void {
  const { streaming, context, peer } = association
  if (streaming === undefined) return
  for (const event of streaming.news) context.event(event)
  for (const told of streaming.transport.streams.events()) {
    const event = told.kind === 'opened' ? undefined : eventOf(association, streaming, told)
    if (event !== undefined) context.event(event)
  }
  for (const id of streaming.transport.streams.known())
    if (!streaming.refused.has(id)) context.event({ type: 'stream-lost', peer, id, reason, detail })
  streaming.transport.streams.close()
  association.streaming = undefined
}

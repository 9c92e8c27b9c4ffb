// Packets of streams on their way out (RFC 9000 §13): what the transport plans is written into memory and sealed, one packet or a burst of
// them end to end. Whether they may leave is for the association to say: data.ts.

import { FrameWriter } from '../../wire/frame-writer.ts'
import { NextHeader } from '../../wire/registry.ts'
import type { OutboundSa } from '../sa/outbound.ts'
import type { Plan } from '../transport/assembly.ts'
import type { Transport } from '../transport/transport.ts'
import type { Association } from './association.ts'
import type { Session } from './session.ts'
import { arm, followPath, leave } from './streaming.ts'
import type { Tuple } from './tuple.ts'

/** Whether a packet of `size` may leave, and that it does: see data.ts. */
export interface Gate {
  mayLeave(association: Association, now: number, session: Session, tuple: Tuple, size: number): boolean
  account(association: Association, now: number, session: Session, tuple: Tuple, size: number): void
}

/** One packet, or several end to end: all as long as `each`, but perhaps for the last. */
interface Sealed {
  readonly bytes: Uint8Array
  readonly each?: number | undefined
  readonly elicits: boolean
}

/** True if a packet of streams would leave now, if it might. What the pacer holds back is waited for. */
export function wantsPacket(association: Association, now: number): boolean {
  if (association.streaming === undefined) return false
  // First of all: a new path has room where the old one had none.
  followPath(association, now)
  if (association.streaming.transport.plan(now) !== undefined) return true
  arm(association, now)
  return false
}

/** Seals the next packet of streams, or up to `most` of them, of a size that `gate` lets go; undefined if there is none, or none may. */
export function nextStreamPackets(
  association: Association,
  now: number,
  session: Session,
  tuple: Tuple,
  gate: Gate,
  most: number,
): Sealed | undefined {
  const { streaming } = association
  if (streaming === undefined) return undefined
  const { transport } = streaming
  followPath(association, now)
  const plan = transport.plan(now)
  if (plan === undefined) {
    arm(association, now)
    return undefined
  }
  const room = roomFor(association, now, session, tuple, plan, gate)
  if (room === undefined) return undefined
  const sealed =
    plan.kind === 'data' && most > 1 && session.outbound.bursts(room)
      ? sealBurst(association, now, session, tuple, { transport, plan, room, gate, most })
      : sealOne(session, transport, now, plan, room)
  if (sealed === undefined) return undefined
  if (sealed.each === undefined) gate.account(association, now, session, tuple, sealed.bytes.length)
  if (sealed.elicits) association.usedAt = now
  if (plan.kind === 'close') leave(association, now, transport.closing?.code ?? 0, 'by the peer')
  // Each packet puts off what is due: the timer finds that out when it fires.
  else if (association.timers.at('streams') === Infinity) arm(association, now)
  return sealed
}

function sealOne(
  { outbound }: Session,
  transport: Transport,
  now: number,
  plan: Plan,
  room: number,
): Sealed | undefined {
  const memory = outbound.allocate(room)
  const start = outbound.payloadOffset
  const writer = new FrameWriter(memory, start, start + room)
  const draft = transport.write(now, plan, writer)
  const packet = outbound.trim(memory, writer.length)
  if (writer.length === 0) return undefined
  skipIfDue(outbound, transport)
  outbound.seal(packet, writer.length, NextHeader.TRANSPORT)
  transport.sent(now, outbound.spi, outbound.sequence, packet.length, draft)
  return { bytes: packet, elicits: draft.elicits }
}

interface Burst {
  readonly transport: Transport
  readonly plan: Plan
  readonly room: number
  readonly gate: Gate
  readonly most: number
}

/** Packets end to end, as long as one like the first may follow: what is the same for all of them is done once. */
function sealBurst(
  association: Association,
  now: number,
  session: Session,
  tuple: Tuple,
  { transport, plan, room, gate, most }: Burst,
): Sealed | undefined {
  const { outbound } = session
  const each = outbound.size(room)
  const memory = outbound.allocateBurst(room, most)
  let [end, unused, elicits] = [0, memory.length / each, false]
  for (let next: Plan | undefined = plan; next?.kind === 'data' && next.bytes === plan.bytes; ) {
    const at = end
    const start = at + outbound.payloadOffset
    const writer = new FrameWriter(memory, start, start + room)
    const draft = transport.write(now, next, writer)
    if (writer.length === 0) break
    skipIfDue(outbound, transport)
    end = at + outbound.size(writer.length)
    outbound.seal(memory, writer.length, NextHeader.TRANSPORT, at, end)
    transport.sent(now, outbound.spi, outbound.sequence, end - at, draft)
    gate.account(association, now, session, tuple, end - at)
    unused -= 1
    elicits ||= draft.elicits
    if (end - at < each || unused === 0 || !gate.mayLeave(association, now, session, tuple, each)) break
    next = transport.plan(now)
  }
  const bytes = outbound.trimBurst(memory, end, unused)
  return end === 0 ? undefined : { bytes, each, elicits }
}

/** A number is left out now and then. */
function skipIfDue(outbound: OutboundSa, transport: Transport): void {
  if (!transport.skips) return
  outbound.skip()
  transport.skipped(outbound.spi, outbound.sequence)
}

/** Less than this is not worth a packet. */
const PACKET_BYTES_MIN = 64

/** The payload of the largest packet that may leave, at most of `bytes`. To a place that is not verified a smaller one may. */
function roomFor(
  association: Association,
  now: number,
  session: Session,
  tuple: Tuple,
  { kind, bytes }: Plan,
  gate: Gate,
): number | undefined {
  const { outbound } = session
  for (let size = bytes; size >= PACKET_BYTES_MIN; size >>= 1) {
    const room = outbound.capacity(size)
    if (room > 0 && gate.mayLeave(association, now, session, tuple, outbound.size(room))) return room
    if (kind === 'mtu') return undefined
  }
  return undefined
}

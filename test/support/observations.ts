// Observations made by hand, as a world would show them to its checkers.

import type { MachineEvent } from '../../src/core/machine.ts'
import { type Hit, hitText } from '../../src/crypto/hit.ts'
import { type Observation, packetKind, type Run, type WirePacket } from '../../src/sim.ts'

export const HIT_A: Hit = hit(1)
export const HIT_B: Hit = hit(2)
/** Two places. */
export const NEAR = { address: '192.0.2.1', port: 1 }
export const FAR = { address: '192.0.2.2', port: 2 }

export function hit(last: number): Hit {
  return hitText(Uint8Array.from([0x20, 0x01, 0, 0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]))
}

export function run(parts: Partial<Run>): Run {
  return {
    id: 0,
    name: 'x',
    hit: HIT_A,
    epoch: 1,
    incarnation: 'i1',
    host: 'here',
    honest: true,
    lineage: 1,
    ...parts,
  }
}

export function told(by: Run, event: MachineEvent, at = 0): Observation {
  return { type: 'event', at, run: by, event }
}

export function datagram(peer: Hit, bytes: Uint8Array): Extract<MachineEvent, { type: 'datagram' }> {
  return { type: 'datagram', peer, sourcePort: 9, port: 7, bytes }
}

export function ended(reason: 'closed-by-peer' | 'reset' | 'replaced'): MachineEvent {
  return { type: 'ended', peer: HIT_A, reason, tried: [], detail: '' }
}

export function sealed(by: Run, key: number, sequence: number, nonce: string, content?: number, at = 0): Observation {
  return { type: 'sealed', at, run: by, key, sequence, nonce, content }
}

export function packet(bytes: Uint8Array, from = NEAR, to = FAR, origin: number | undefined = 1, at = 0): WirePacket {
  return { at, kind: packetKind(bytes), bytes, from, to, host: 'here', origin }
}

export function sentBy(by: Run, bytes: Uint8Array, at = 0): Observation {
  return { type: 'wire-sent', packet: packet(bytes, NEAR, FAR, 1, at), socket: 1, run: by }
}

export function esp(length: number): Uint8Array {
  return new Uint8Array(length).fill(9, 0, 4)
}

export function hip(type: number): Uint8Array {
  const bytes = new Uint8Array(200)
  bytes[6] = type
  return bytes
}

export function damaged(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
}

// What two ends have said so far, as far as a later packet answers it: R1s, I2s, Update IDs and requests to echo. Of each the newest
// few. What has been forgotten, damaged or not captured is known to be missing, so that nothing is guessed of its answer.

import { equalBytes } from '../base/bytes.ts'
import { hitText } from '../crypto/hit.ts'
import * as wire from '../wire.ts'
import { parameterIn } from './knowledge.ts'

// Work that a foreign file can ask for is bounded.
/** Of one end to another: R1s, I2s, packets that ask for an echo. Those of a pool of R1s repeat each other. */
export const HEARD_MAX = 16
/** Update IDs of one end to another. */
export const UPDATE_IDS_MAX = 4096

/** Packets of one kind, the newest last. */
export interface Heard {
  readonly packets: wire.Packet[]
  /** There were others, which are not among them. */
  missing: boolean
}

/** What one end has said to another. */
export interface Side {
  readonly r1s: Heard
  readonly i2s: Heard
  /** By packet type: those with a request to echo, or with none where a request could be. */
  readonly asking: Map<number, Heard>
  readonly updateIds: Set<number>
  updateIdsMissing: boolean
  /** An UPDATE has shown a Diffie–Hellman value, or could have. */
  bringsDh: boolean
  /** There was an I2 or R2 in this direction: what came after it has been captured, too. */
  exchanged: boolean
}

const ASKING: ReadonlySet<number> = new Set([
  wire.PacketType.R1,
  wire.PacketType.I2,
  wire.PacketType.UPDATE,
  wire.PacketType.CLOSE,
])

export class Said {
  readonly #sides = new Map<string, Side>()

  /** What `from` has said to `to`. */
  by(from: Uint8Array, to: Uint8Array): Side {
    const key = `${hitText(from)} ${hitText(to)}`
    let side = this.#sides.get(key)
    if (side === undefined) {
      const [r1s, i2s] = [
        { packets: [], missing: false },
        { packets: [], missing: false },
      ]
      const ids = { updateIds: new Set<number>(), updateIdsMissing: false }
      side = { r1s, i2s, asking: new Map(), ...ids, bringsDh: false, exchanged: false }
      this.#sides.set(key, side)
    }
    return side
  }

  /** Takes in a packet of the first pass: captures that have been merged may have an ACK before its UPDATE. */
  learn(packet: wire.Packet): void {
    const id = packet.type === wire.PacketType.UPDATE ? parameterIn(packet, 'SEQ') : undefined
    if (id === undefined) return
    const side = this.by(packet.sender, packet.receiver)
    if (side.updateIds.size < UPDATE_IDS_MAX) side.updateIds.add(id)
    else if (!side.updateIds.has(id)) side.updateIdsMissing = true
  }

  /** Takes in a packet that has been judged. One that fails a check was answered by nobody: its original was, wherever it is. */
  follow(packet: wire.Packet, sound: boolean): void {
    const { sender, receiver, type } = packet
    if (!sound) return this.lose(sender, receiver, type)
    const side = this.by(sender, receiver)
    if (type === wire.PacketType.I2 || type === wire.PacketType.R2) side.exchanged = true
    if (type === wire.PacketType.R1) keep(side.r1s, packet)
    if (type === wire.PacketType.I2) keep(side.i2s, packet)
    if (type === wire.PacketType.UPDATE && parameterIn(packet, 'DIFFIE_HELLMAN') !== undefined) side.bringsDh = true
    if (ASKING.has(type)) keep(askingOf(side, type), packet)
  }

  /** A packet of that type could not be read, or not as it was sent. */
  lose(from: Uint8Array, to: Uint8Array, type: number): void {
    const side = this.by(from, to)
    if (type === wire.PacketType.R1) side.r1s.missing = true
    if (type === wire.PacketType.I2) side.i2s.missing = true
    if (type === wire.PacketType.UPDATE) {
      side.updateIdsMissing = true
      side.bringsDh = true
    }
    if (ASKING.has(type)) askingOf(side, type).missing = true
  }
}

export function askingOf(side: Side, type: number): Heard {
  let heard = side.asking.get(type)
  if (heard === undefined) {
    heard = { packets: [], missing: false }
    side.asking.set(type, heard)
  }
  return heard
}

function keep(heard: Heard, packet: wire.Packet): void {
  const again = heard.packets.findIndex(({ bytes }) => equalBytes(bytes, packet.bytes))
  if (again >= 0) heard.packets.splice(again, 1)
  heard.packets.push(packet)
  if (heard.packets.length > HEARD_MAX) {
    heard.packets.shift()
    heard.missing = true
  }
}

// NewReno as RFC 9002 §7 has it: the reference that CUBIC is compared with.

import type { AckedPacket, CongestionController } from './controller.ts'
import { Window } from './window.ts'

export class NewReno extends Window implements CongestionController {
  sampled(): void {}

  acked(_now: number, packet: AckedPacket): void {
    if (this.recovering(packet.order) || packet.limited) return
    const gain = this.slowStart ? packet.bytes : (this.packetBytes * packet.bytes) / this.windowBytes
    this.grow(this.windowBytes + gain)
  }

  lost(_now: number, order: number): void {
    if (!this.recovering(order)) this.reduce(this.config.renoReduction)
  }
}

// One thing that is wrong with a packet, and where.

import * as wire from '../wire.ts'

/** One thing that is wrong. `at` is a byte of the HIP packet. */
export interface Wrong {
  readonly what: string
  readonly at?: number
  readonly parameter?: number
}

export type Report = (wrong: Wrong) => void

/** The place of the first parameter of that name. */
export function placeOf(packet: wire.Packet, name: wire.ParameterName): { at: number; parameter: number } {
  const type = wire.Parameter[name]
  return { at: packet.parameters.find((parameter) => parameter.type === type)?.start ?? 0, parameter: type }
}

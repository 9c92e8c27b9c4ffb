// What middleboxes ask in a packet and read in the answer (RFC 7401 §5.2.21, §5.2.23). Nobody vouches for them: they stand behind
// the signature, and are answered as far as they fit.

import { appendParameter, encodeParameters, HIP_PACKET_LIMIT, type Packet } from '../../wire/packet.ts'
import { Parameter } from '../../wire/registry.ts'
import { encodeEchoResponseUnsigned } from '../../wire/update.ts'

/** The contents of every ECHO_REQUEST_UNSIGNED, in order. */
export function unsignedEchoes(packet: Packet): readonly Uint8Array[] {
  return packet.parameters.flatMap(({ type, contents }) => (type === Parameter.ECHO_REQUEST_UNSIGNED ? [contents] : []))
}

/** A finished packet with the answers behind it, as many as fit. */
export function withUnsignedEchoes(packet: Uint8Array, echoes: readonly Uint8Array[]): Uint8Array {
  let bytes = packet
  for (const opaque of echoes) {
    const { type, contents } = encodeEchoResponseUnsigned(opaque)
    const length = encodeParameters([{ type, contents }]).length
    if (bytes.length + length <= HIP_PACKET_LIMIT) bytes = appendParameter(bytes, type, contents)
  }
  return bytes
}

// The domain identifier of a HOST_ID (RFC 7401 §5.2.9): a domain name in the form of RFC 1035 §3.1, or a network access
// identifier, which is text (RFC 4282 §2.1).

import { assert } from '../base/assert.ts'
import { concat, utf8 } from '../base/bytes.ts'
import { type Malformed, malformed } from './malformed.ts'
import { DomainType } from './registry.ts'

/** A name of somebody, with its type (`DomainType` of the registry). */
export interface DomainIdentifier {
  /** 1 for a domain name, 2 for a network access identifier. */
  readonly type: 1 | 2
  /** `host.example`, without the last dot; or `user@example`. */
  readonly text: string
}

const LABEL_LIMIT = 63
const NAME_LIMIT = 255
const NAI_LIMIT = 253

/** The bytes of an identifier. A name or text that cannot be one is our bug (InvariantError). */
export function encodeDomainIdentifier(identifier: DomainIdentifier): Uint8Array {
  if (identifier.type === DomainType.NAI) {
    const bytes = utf8(identifier.text)
    assert(bytes.length > 0 && bytes.length <= NAI_LIMIT, 'a NAI has 1 to 253 bytes')
    return bytes
  }
  const labels = identifier.text === '' ? [] : identifier.text.split('.').map(utf8)
  assert(
    labels.every((label) => label.length > 0 && label.length <= LABEL_LIMIT),
    'a label of a domain name has 1 to 63 bytes',
  )
  const name = concat(...labels.flatMap((label) => [Uint8Array.of(label.length), label]), Uint8Array.of(0))
  assert(name.length <= NAME_LIMIT, 'a domain name has at most 255 bytes')
  return name
}

/**
 * Reads an identifier of that type from the bytes that HOST_ID holds. Names are not compressed there; bytes of a label that
 * are not printable ASCII, a dot or a backslash are written as `\\ddd`. Malformed for any type but FQDN and NAI.
 */
export function decodeDomainIdentifier(type: number, bytes: Uint8Array, at: number): DomainIdentifier | Malformed {
  if (type === DomainType.NAI) {
    const wrong = bytes.findIndex((byte) => byte < 0x20 || byte === 0x7f)
    if (wrong >= 0) return malformed('control character in a NAI', at + wrong)
    if (bytes.length === 0 || bytes.length > NAI_LIMIT) return malformed('a NAI has 1 to 253 bytes', at)
    return { type, text: new TextDecoder().decode(bytes) }
  }
  if (type !== DomainType.FQDN) return malformed(`domain identifier of type ${type}`, at)
  if (bytes.length > NAME_LIMIT) return malformed('a domain name has at most 255 bytes', at)
  const labels: string[] = []
  let offset = 0
  for (;;) {
    const length = bytes[offset]
    if (length === undefined) return malformed('domain name without its end', at + offset)
    if (length === 0) break
    if (length > LABEL_LIMIT) return malformed('compressed or overlong label', at + offset)
    const label = bytes.subarray(offset + 1, offset + 1 + length)
    if (label.length < length) return malformed('label runs past the end', at + offset)
    labels.push(labelText(label))
    offset += 1 + length
  }
  if (offset + 1 < bytes.length) return malformed('bytes behind the domain name', at + offset + 1)
  return { type, text: labels.join('.') }
}

function labelText(label: Uint8Array): string {
  let text = ''
  for (const byte of label) {
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c
    text += plain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`
  }
  return text
}

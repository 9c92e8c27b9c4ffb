// What an end offers and accepts in a base exchange (DESIGN §4), and how it shows who it is. Lists are in order of preference. What
// can be offered at all is in the table of algorithms; what is offered unless somebody asks for more is here.

import { assert } from '../../base/assert.ts'
import { type Algorithms, hitSuitesOf, STANDARD } from '../../crypto/algorithms.ts'
import type { Identity } from '../../crypto/identity.ts'
import { encodeHostId } from '../../wire/exchange.ts'
import { encodeParameters } from '../../wire/packet.ts'
import { DhGroup, EspSuite, HipCipher } from '../../wire/registry.ts'

/** What is chosen of the table; each list best first. */
export interface Choices {
  /** Default: the algorithms that need not be asked for. */
  readonly algorithms?: Algorithms | undefined
  /** Diffie–Hellman groups (RFC 7401 §5.2.7). Default: 7 (P-256), 8 (P-384), 4 (MODP-3072). */
  readonly dhGroups?: readonly number[] | undefined
  /** HIP ciphers (RFC 7401 §5.2.8), at most 6. Default: 2 (AES-128-CBC), 4 (AES-256-CBC). */
  readonly hipCiphers?: readonly number[] | undefined
  /** ESP suites (RFC 7402 §5.1.2), at most 6. Default: 13 (AES-128-GCM-16), 8 (AES-128-CBC with HMAC-SHA-256). */
  readonly espSuites?: readonly number[] | undefined
}

/** The choices with nothing left open, and the HIT suites that follow from them. */
export interface Offer {
  readonly algorithms: Algorithms
  readonly dhGroups: readonly number[]
  readonly hipCiphers: readonly number[]
  readonly espSuites: readonly number[]
  readonly hitSuites: readonly number[]
}

const DH_GROUPS: readonly number[] = [DhGroup.P256, DhGroup.P384, DhGroup.MODP_3072]
const HIP_CIPHERS: readonly number[] = [HipCipher.AES_128_CBC, HipCipher.AES_256_CBC]
const ESP_SUITES: readonly number[] = [EspSuite.AES_GCM_16, EspSuite.AES_128_CBC_HMAC_SHA256]

/** RFC 7401 §5.2.8 and RFC 7402 §5.1.2 allow six entries. */
const TRANSFORMS_MAX = 6
const GROUPS_MAX = 16

/** Fills in what was left open. The choices must be sound for this identity (`choicesFault`). */
export function offerOf(choices: Choices, identity?: Identity): Offer {
  const fault = choicesFault(choices, identity)
  assert(fault === undefined, fault ?? '')
  return complete(choices)
}

function complete({ algorithms = STANDARD, dhGroups, hipCiphers, espSuites }: Choices): Offer {
  return {
    algorithms,
    dhGroups: dhGroups ?? DH_GROUPS,
    hipCiphers: hipCiphers ?? HIP_CIPHERS,
    espSuites: espSuites ?? ESP_SUITES,
    hitSuites: hitSuitesOf(algorithms),
  }
}

/** What is wrong with choices, in half a line; undefined if nothing is. */
export function choicesFault(choices: Choices, identity: Identity | undefined): string | undefined {
  const { algorithms, dhGroups, hipCiphers, espSuites } = complete(choices)
  if (identity !== undefined && !algorithms.keys.some(({ name }) => name === identity.algorithm))
    return `an identity of kind ${identity.algorithm} is not among the algorithms`
  return (
    listFault('dhGroups', dhGroups, algorithms.dhGroups, GROUPS_MAX) ??
    listFault('hipCiphers', hipCiphers, algorithms.ciphers, TRANSFORMS_MAX) ??
    listFault('espSuites', espSuites, algorithms.espSuites, TRANSFORMS_MAX)
  )
}

function listFault(
  name: string,
  list: readonly number[],
  known: ReadonlyMap<number, unknown>,
  max: number,
): string | undefined {
  if (list.length === 0) return `${name} is empty`
  if (list.length > max) return `${name} has more than ${max} entries`
  const stranger = list.find((id) => !known.has(id))
  if (stranger !== undefined)
    return `${name}: ${stranger} is not among the algorithms (${[...known.keys()].join(', ')})`
  return new Set(list).size < list.length ? `${name} names something twice` : undefined
}

/** The HOST_ID TLV of an identity: in R1, inside the ENCRYPTED of I2, and under HIP_MAC_2. */
export function ownHostIdTlv(identity: Identity): Uint8Array {
  const { algorithm, label, bytes: key } = identity.publicKey
  return encodeParameters([encodeHostId({ algorithm, label, key })])
}

/** The OGA id in a HIT, which settles the suite (RFC 7343 §2, RFC 7401 §3.2). */
export function suiteIdOf(hit: Uint8Array): number {
  return (hit[3] ?? 0) & 0x0f
}

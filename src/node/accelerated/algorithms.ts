// The standard algorithms of base exchanges and moves, by OpenSSL itself: where a table has one of them in the portable form, this one
// takes its place, and everything else stays. They are tried with published values before they are used.

import { equalBytes, fromHex } from '../../base/bytes.ts'
import { type Algorithms, STANDARD } from '../../crypto/algorithms.ts'
import { DH_GROUPS, DH_P256, type DhGroup } from '../../crypto/dh.ts'
import { ECDSA_P256 } from '../../crypto/ecdsa.ts'
import { ED25519 } from '../../crypto/ed25519.ts'
import { type KeyAlgorithm, SUITE_EDDSA_CSHAKE128 } from '../../crypto/key-algorithm.ts'
import { HIT_SUITES, type HitSuite } from '../../crypto/suites.ts'
import { acceleratedEd25519 } from './ed25519.ts'
import { acceleratedSuite } from './kmac.ts'
import type { Koffi } from './koffi.ts'
import { acceleratedEcdsaP256, acceleratedP256 } from './p256.ts'

/** The same table, faster. Of equal tables it makes one. */
export type Accelerate = (algorithms: Algorithms) => Algorithms

/** Makes tables faster, or says why it does not. */
export function acceleratedAlgorithms(koffi: Koffi): Accelerate | string {
  const suite = HIT_SUITES.get(SUITE_EDDSA_CSHAKE128)
  if (suite === undefined) return 'there is no suite 5 to make faster'
  try {
    const parts = {
      ed25519: acceleratedEd25519(koffi),
      ecdsa: acceleratedEcdsaP256(koffi),
      p256: acceleratedP256(koffi),
      suite: acceleratedSuite(koffi, suite),
    }
    return areRight(parts) ? maker(parts) : 'OpenSSL, called directly, computes other values than published ones'
  } catch {
    return 'the functions of OpenSSL are not shown by this build of Node'
  }
}

interface Parts {
  readonly ed25519: KeyAlgorithm
  readonly ecdsa: KeyAlgorithm
  readonly p256: DhGroup
  readonly suite: HitSuite
}

function maker({ ed25519, ecdsa, p256, suite }: Parts): Accelerate {
  const made = new WeakMap<Algorithms, Algorithms>()
  const keys = new Map<KeyAlgorithm, KeyAlgorithm>([
    [ED25519, ed25519],
    [ECDSA_P256, ecdsa],
  ])
  const replaced = <T>(map: ReadonlyMap<number, T>, id: number, portable: T | undefined, faster: T) =>
    map.get(id) === portable ? new Map(map).set(id, faster) : map
  return (algorithms) => {
    const known = made.get(algorithms)
    if (known !== undefined) return known
    const faster: Algorithms = Object.freeze({
      ...algorithms,
      keys: algorithms.keys.map((kind) => keys.get(kind) ?? kind),
      dhGroups: replaced(algorithms.dhGroups, DH_P256, DH_GROUPS.get(DH_P256), p256),
      hitSuites: replaced(
        algorithms.hitSuites,
        SUITE_EDDSA_CSHAKE128,
        STANDARD.hitSuites.get(SUITE_EDDSA_CSHAKE128),
        suite,
      ),
    })
    made.set(algorithms, faster)
    return faster
  }
}

/** Whether they compute here what others have published. */
function areRight({ ed25519, ecdsa, p256, suite }: Parts): boolean {
  // RFC 8032 §7.1, the first test: of an empty message.
  const key = fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
  const signature = fromHex(
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  )
  const none = new Uint8Array(0)
  const verifier = ed25519.verifier(key)
  const other = signature.slice()
  other[0] = 0
  const verifies = verifier?.verify(none, signature) === true && !verifier.verify(none, other)
  const seed = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
  const sameKey = equalBytes(ed25519.keyPair(seed).publicBytes, key)
  // Twice: another OpenSSL might want to be told again.
  const signatures = [none, none].map((message) => ed25519.sign(seed, () => ed25519.privateKey(seed, key), message))
  ed25519.forget?.(seed)
  const signsSame = sameKey && signatures.every((made) => equalBytes(made, signature))
  // RFC 6979 §A.2.5, of "sample".
  const scalar = fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721')
  const signs = equalBytes(
    ecdsa.sign(scalar, () => ecdsa.privateKey(scalar, ecdsa.keyPair(scalar).publicBytes), fromHex('73616d706c65')),
    fromHex(
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    ),
  )
  // RFC 5903 §8.1.
  const pair = p256.fromSecret(fromHex('c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433'))
  const peer = fromHex(
    'd12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab',
  )
  const kij = pair.agree(peer)
  const agrees =
    kij !== undefined &&
    equalBytes(kij, fromHex('d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de')) &&
    p256.fromSecret(pair.secret).agree(peer.map((byte, index) => (index === 0 ? byte ^ 1 : byte))) === undefined
  // NIST's first sample of KMAC128; KMACXOF128 over it, by noble; FIPS 202, of an empty message.
  const macKey = Uint8Array.from({ length: 32 }, (_, index) => 0x40 + index)
  const data = Uint8Array.of(0, 1, 2, 3)
  const hashes =
    equalBytes(suite.mac(macKey, data), fromHex('e5780b0d3ea6f7d3a429c5706aa43a00fadbd7d49628839e3187243f456ee14e')) &&
    equalBytes(suite.keymat(data, macKey, data, 20).keymat, fromHex('6e451e01442d6ca65875302bf312783f2dcb0f6a')) &&
    equalBytes(suite.hash(), fromHex('7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26'))
  return verifies && signsSame && signs && agrees && hashes
}

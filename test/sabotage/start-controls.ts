// Negative controls of who may start and of keys (MOVING §1–§3): each breaks one rule in one place and names the test that notices.

import { type Control, edit } from './control.ts'

const REBIND = 'src/core/moving/rebind.ts'
const RECEIPT = 'src/core/moving/receipt.ts'
const KEYMAT = 'src/crypto/keymat.ts'
const RATCHET = 'src/core/association/ratchet.ts'
const SESSION = 'src/core/association/session.ts'
const STARTS = 'test/scenarios/starts.test.ts'
const CROSSINGS = 'test/scenarios/crossings.test.ts'
const FINALS = 'test/scenarios/finals.test.ts'
const ENDINGS = 'test/scenarios/endings.test.ts'

export const START_CONTROLS: readonly Control[] = [
  // ── Who may start (MOVING §1, §2) ──────────────────────────────────────────
  {
    breaks: 'a claim by the key of X alone',
    edits: [
      edit(
        'src/core/moving/record.ts',
        "  if (claim.grant === undefined) return samePublicKey(activated.host, claim.host) ? undefined : 'not-holder'",
        '  if (claim.grant === undefined) return undefined',
      ),
    ],
    file: 'test/moving/record.test.ts',
    notices: 'a claim on an activated record > does not follow from the key of X, which every former host has',
  },
  {
    breaks: 'no receipt asked for',
    edits: [
      edit(
        REBIND,
        "  if (typeof receipt === 'string') {",
        `  if (epoch.receipt.length === 0)
    return { key: session.peerKey, start, receipt: { ledgerKey: session.peerKey, bytes: epoch.receipt } }
  if (typeof receipt === 'string') {`,
      ),
    ],
    file: STARTS,
    notices: 'a former host that thaws its old capsule once more > without a receipt rebinds nobody',
  },
  {
    breaks: 'a receipt accepted without INSTANCE',
    edits: [
      edit(REBIND, 'if (instance === undefined || !verifyInstance(', 'if (instance !== undefined && !verifyInstance('),
    ],
    file: STARTS,
    notices:
      'a P1 without its last proof > is dropped when INSTANCE is missing, though the receipt is real and the MAC fits',
  },
  {
    breaks: 'a receipt accepted that was copied from an R1',
    edits: [edit(RECEIPT, '  if (!equalBytes(incarnationOf(instance.key), start.incarnation)) return false\n', '')],
    file: STARTS,
    notices:
      'a former host that thaws its old capsule once more > with a receipt that it has copied, and an instance key of its own, rebinds nobody',
  },
  {
    breaks: 'the receipt of any ledger accepted',
    edits: [
      edit(
        REBIND,
        'verifyReceipt(epoch.receipt, { hit: association.peer, start, pinned, keys })',
        'verifyReceipt(epoch.receipt, { hit: association.peer, start, keys })',
      ),
      edit(
        'src/core/moving/floor.ts',
        "    if (floor?.ledger !== undefined && !samePublicKey(floor.ledger, receipt.ledgerKey)) return 'other-ledger'\n",
        '',
      ),
    ],
    file: STARTS,
    notices:
      'a former host that thaws its old capsule once more > with a receipt by another ledger than the pinned one rebinds nobody',
  },
  {
    breaks: '(I, J) forgotten',
    edits: [
      edit(
        'src/core/association/r1-pool.ts',
        'return this.#answers.recall(now, consumed, i, j, i2)',
        'consumed.clear()\n    return this.#answers.recall(now, consumed, i, j, i2)',
      ),
    ],
    file: STARTS,
    notices: 'a replayed I2 > gets the cached R2 or silence, and repeats no key and number',
  },
  {
    breaks: 'R1 secrets that the next start has again',
    edits: [
      edit(
        'src/core/association/r1-pool.ts',
        'const { start, entropy } = this.#self',
        'const { start, identity } = this.#self\n    const entropy = (length: number) => identity.secret().slice(0, length)',
      ),
      edit(
        'src/core/association/r1-pool.ts',
        'const { entropy, algorithms } = this.#self',
        'const { identity, algorithms } = this.#self\n    const entropy = (length: number) => identity.secret().slice(0, length)',
      ),
    ],
    file: STARTS,
    notices: 'a replayed I2 > at the next start of the Responder leads nowhere: nothing of its R1s has moved with it',
  },
  {
    breaks: 'R1 pool in the capsule',
    edits: [
      edit(
        'src/core/association/r1-pool.ts',
        'return { counter, k, variants, secret: entropy(SECRET_BYTES), consumed',
        `const secret = entropy(SECRET_BYTES)
    Reflect.set(this.#self, 'pooled', secret)
    return { counter, k, variants, secret, consumed`,
      ),
      edit(
        'src/core/moving/resume.ts',
        '    listeners: [...listeners.all],\n    state,\n',
        "    listeners: [...listeners.all],\n    state: Reflect.get(context, 'pooled') ?? state,\n",
      ),
    ],
    file: 'test/sim/world.test.ts',
    notices:
      'in a world > a Responder that moves packs nothing that it drew for its R1s: rule I7 looks into every capsule',
  },

  // ── Keys (MOVING §3) ───────────────────────────────────────────────────────
  {
    breaks: 'an interim key without direction',
    edits: [
      edit(
        KEYMAT,
        "const starts = concat(startBytes(sender), startBytes(receiver))\n  const info = concat(utf8('sojourn interim'), senderHit, receiverHit, starts, tail)",
        `const ends = [concat(senderHit, startBytes(sender)), concat(receiverHit, startBytes(receiver))]
  const info = concat(utf8('sojourn interim'), ...ends.sort(compareBytes), tail)`,
      ),
    ],
    // In honest histories no two starts ever know each other from both sides, so the schedule itself has to be looked at.
    file: 'test/crypto/keymat.test.ts',
    notices: 'an interim key > is another one in the other direction, for another incarnation, epoch or SPI',
  },
  {
    breaks: 'an interim key without incarnations',
    edits: [
      edit(
        KEYMAT,
        'const starts = concat(startBytes(sender), startBytes(receiver))',
        'const starts = new Writer().u64(sender.epoch).u64(receiver.epoch).finish()',
      ),
    ],
    file: FINALS,
    notices:
      'the interim SA > has a key that its two starts alone share: the same state thawed twice repeats no key and number',
  },
  {
    breaks: 'HIP keys not ratcheted',
    edits: [
      edit(
        RATCHET,
        'return { secrets: secretsOf(keys, reserveIn, reserveOut), outbound }',
        'return { secrets: { ...secretsOf(keys, reserveIn, reserveOut), hip: session.current.hip }, outbound }',
      ),
    ],
    file: ENDINGS,
    notices: 'CLOSE > under the HIP key of before the ratchet closes nothing, though it names the right starts',
  },
  {
    breaks: 'the previous S dropped by the thawed side with its answer',
    edits: [
      edit(
        SESSION,
        "  return ratchet.name === 'settled' || ratchet.name === 'offering'\n",
        "  if (ratchet.name === 'committed') return [ratchet.next.secrets]\n  return ratchet.name === 'settled' || ratchet.name === 'offering'\n",
      ),
    ],
    file: CROSSINGS,
    notices:
      'a peer that moves in the last half round trip > before it knows that its P2 came is still understood: S is dropped at P3 or its ACK, not before',
  },
  {
    breaks: 'the previous S dropped by the peer with its answer',
    edits: [
      edit(
        SESSION,
        "  return ratchet.name === 'settled' || ratchet.name === 'offering'\n",
        "  if (ratchet.name === 'answered') return [ratchet.next.secrets]\n  return ratchet.name === 'settled' || ratchet.name === 'offering'\n",
      ),
    ],
    file: CROSSINGS,
    notices:
      'one that moves again before its P1 is answered > is taken by a peer that answered and whose P2 was lost: the old S is still there',
  },
  {
    breaks: 'interim SA left open',
    edits: [
      edit(
        SESSION,
        '    if (!which(entry)) kept.push(entry)',
        "    if (!which(entry) || entry.role === 'interim') kept.push(entry)",
      ),
    ],
    file: FINALS,
    notices: 'the interim SA > closes wholly at the first packet under the new keys, ESP',
  },
]

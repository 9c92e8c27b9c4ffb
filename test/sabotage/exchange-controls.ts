// Negative controls of exchanges, keys and data (RFC 7401, RFC 7402, RFC 8046, RFC 4303): each breaks one rule in one place and names
// the test that notices.

import { type Control, edit } from './control.ts'

const CONTROL = 'src/core/association/control.ts'
const RATCHET = 'src/core/association/ratchet.ts'
const RESPONDER = 'src/core/association/responder.ts'
const INITIATOR = 'src/core/association/initiator.ts'
const REPLAY = 'src/core/sa/replay.ts'
const INBOUND = 'src/core/sa/inbound.ts'
const KEYMAT = 'src/crypto/keymat.ts'
const ADDRESSES = 'test/scenarios/addresses.test.ts'
const OVERTAKEN = 'test/scenarios/overtaken.test.ts'
const RESPONDER_TEST = 'test/core/responder.test.ts'
const SA_TEST = 'test/core/sa.test.ts'
const WINDOW_TEST = 'test/core/replay.test.ts'

export const EXCHANGE_CONTROLS: readonly Control[] = [
  // ── Base exchange (RFC 7401 §4.1, §6) ──────────────────────────────────────
  {
    breaks: 'a downgrade of the Diffie–Hellman group that is taken',
    edits: [
      edit(INITIATOR, 'if (group === undefined || r1.dh.group !== group) return', 'if (group === undefined) return'),
    ],
    file: 'test/core/negotiation.test.ts',
    notices:
      'somebody in between who strips > any part of an I1’s groups, before a Responder that prefers 7,8,4, ends the exchange or changes nothing',
  },
  {
    breaks: 'a puzzle that is not checked',
    edits: [edit(RESPONDER, 'return solves(pool.suite, i, i2.sender, self.hitBytes, j, k)', 'return true')],
    file: RESPONDER_TEST,
    notices: 'a Responder > takes no solution of an easier puzzle than it gave',
  },
  {
    breaks: 'a K that the Initiator chooses',
    edits: [edit(RESPONDER, 'if (k !== generation.k || !equalBytes(', 'if (!equalBytes(')],
    file: RESPONDER_TEST,
    notices: 'a Responder > takes no solution of an easier puzzle than it gave',
  },
  {
    breaks: 'a puzzle that is good from anywhere',
    edits: [
      edit(
        'src/core/association/r1-pool.ts',
        'this.#self.hitBytes, held, utf8(locatorKey(source)))',
        'this.#self.hitBytes, held, utf8(source.address.slice(0, 0)))',
      ),
    ],
    file: RESPONDER_TEST,
    notices: 'a Responder > takes an I2 only from the tuple that got the R1',
  },
  {
    breaks: 'a solution that is good twice',
    edits: [edit(RESPONDER, "  if (recalled === 'consumed') return { drop: 'i2-consumed' }\n", '')],
    file: RESPONDER_TEST,
    notices: 'a Responder > is silent about a consumed solution in any other I2',
  },
  {
    breaks: 'a HIT that need not be that of the key',
    edits: [edit(RESPONDER, "  if (hitOf(peerKey) !== peer) return { drop: 'i2-imposter' }\n", '')],
    file: RESPONDER_TEST,
    notices: 'a Responder > knows an Initiator that encrypts the key of another by its HIT',
  },
  {
    breaks: 'a puzzle of any difficulty that is solved',
    edits: [
      edit(
        INITIATOR,
        "  if (r1.puzzle.k > self.config.puzzleDifficultyMax) return { drop: 'r1-puzzle-too-difficult' }\n",
        '',
      ),
    ],
    file: 'test/core/initiator.test.ts',
    notices: 'an Initiator > leaves an R1 alone that has a puzzle harder than it will solve',
  },
  {
    breaks: 'an R1 that outlives the association made since',
    edits: [
      edit('src/core/association/responding.ts', 'source, existing?.held)', 'source)'),
      edit('src/core/association/responding.ts', '      held: existing?.held,\n', ''),
    ],
    file: OVERTAKEN,
    notices: 'when both ends open at once > an I2 that the other exchange has overtaken replaces nothing',
  },

  // ── UPDATE (RFC 7401 §6.12, RFC 7402 §6.9, RFC 8046 §5) ────────────────────
  {
    breaks: 'an ACK of anything that is an ACK of this',
    edits: [edit(CONTROL, '    if (message.ack?.includes(reliable.updateId) !== true) continue\n', '')],
    file: OVERTAKEN,
    notices: 'a readdress > that a rekey of the peer overtakes is sent again under the new keys',
  },
  {
    breaks: 'an Update ID that may be as old as it likes',
    edits: [
      edit(
        CONTROL,
        "  const newest = state === 'new' && session.peerUpdateIds.highest === seq\n",
        '  const newest = true\n',
      ),
    ],
    file: ADDRESSES,
    notices: 'an end that changes its address > cannot have its UPDATE of long ago replayed to send its peer back',
  },
  {
    breaks: 'an echo that counts from anywhere',
    edits: [
      edit(
        'src/core/association/reach.ts',
        '  const { check } = tuple\n  if (check !== undefined && equalBytes',
        '  const check = [...association.paths.tuples].find((other) => other.check !== undefined)?.check\n  if (check !== undefined && equalBytes',
      ),
    ],
    file: ADDRESSES,
    notices: 'an echo > counts only from the place that was asked',
  },
  {
    breaks: 'two rekeys at once, both of which go on',
    edits: [
      edit(
        RATCHET,
        "if (own !== undefined && (own.kind === 'rebind' || ours)) return",
        "if (own?.kind === 'rebind') return",
      ),
    ],
    file: 'test/scenarios/rekeying.test.ts',
    notices: 'a rekey > that both ends begin at once comes about once',
  },
  {
    breaks: 'a readdress that is left behind under old keys',
    edits: [edit(RATCHET, "  if (association.reliable.delete('readdress')) association.readdressWanted = true\n", '')],
    file: OVERTAKEN,
    notices: 'a readdress > that a rekey of the peer overtakes is sent again under the new keys',
  },
  {
    breaks: 'credit that never ages',
    edits: [edit('src/core/association/credit.ts', 'if (steps <= 0) return', 'if (steps >= 0) return')],
    file: 'test/core/credit.test.ts',
    notices: 'credit > loses an eighth every five seconds, and keeps what the seconds between have begun',
  },

  // ── Keys and data (RFC 7401 §6.5, RFC 7402 §7, RFC 4303 §3.4) ──────────────
  {
    breaks: 'KEYMAT drawn for the lesser HIT first',
    edits: [
      edit(
        KEYMAT,
        '  const hipGreater = drawHip(draw, context)\n  const hipLess = drawHip(draw, context)\n',
        '  const hipLess = drawHip(draw, context)\n  const hipGreater = drawHip(draw, context)\n',
      ),
    ],
    file: 'test/crypto/keymat.test.ts',
    notices: 'the keys of a base exchange > are the ones computed elsewhere for suite 1, in the order of RFC 7401 §6.5',
  },
  {
    breaks: 'ESP keys drawn before HIP keys',
    edits: [
      edit(KEYMAT, '  const espGreater = drawEsp(draw, esp)\n', ''),
      edit(
        KEYMAT,
        '  const hipGreater = drawHip(draw, context)\n',
        '  const espGreater = drawEsp(draw, esp)\n  const hipGreater = drawHip(draw, context)\n',
      ),
    ],
    file: 'test/crypto/keymat.test.ts',
    notices: 'the keys of a base exchange > are the ones computed elsewhere for suite 1, in the order of RFC 7401 §6.5',
  },
  {
    breaks: 'a window that is one number too narrow',
    edits: [
      edit(
        REPLAY,
        'sequence <= this.#highest - this.#size) return false',
        'sequence <= this.#highest - this.#size + 1) return false',
      ),
    ],
    file: WINDOW_TEST,
    notices: 'a window of 64 > whose highest number is 64 finds 1 fresh: true',
  },
  {
    breaks: 'a window that forged packets move',
    edits: [
      edit(INBOUND, '    window.mark(sequence)\n', ''),
      edit(
        INBOUND,
        '    const plaintext = this.#opener.open(packet, sequence)\n',
        '    window.mark(sequence)\n    const plaintext = this.#opener.open(packet, sequence)\n',
      ),
    ],
    file: SA_TEST,
    notices: 'suite 13 > does not let a forged huge number slide the window',
  },
  {
    breaks: 'an ICV that is not looked at',
    edits: [
      edit(
        'src/crypto/esp-cbc.ts',
        '    if (!timingSafeEqual(expected, packet.subarray(end))) return undefined\n',
        "    assert(expected.length > 0, '')\n",
      ),
    ],
    file: SA_TEST,
    notices: 'suite 8 > finds any changed byte forged, and is not moved by it',
  },
  {
    breaks: 'numbers beyond FINALS that open',
    edits: [edit(INBOUND, "    if (sequence > this.final) return 'beyond-final'\n", '')],
    file: SA_TEST,
    notices: 'suite 13 > refuses a number beyond FINALS before any cryptography',
  },
]

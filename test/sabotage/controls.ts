// The negative controls of MOVING §9, and a few more: each breaks one rule in one place and names the test that notices. If
// nothing noticed, the tests would be wrong, not the code.

import { type Control, edit } from './control.ts'
import { EXCHANGE_CONTROLS } from './exchange-controls.ts'
import { START_CONTROLS } from './start-controls.ts'

const REBIND = 'src/core/moving/rebind.ts'
const RATCHET = 'src/core/association/ratchet.ts'
const SESSION = 'src/core/association/session.ts'
const CONTROL = 'src/core/association/control.ts'
const STARTS = 'test/scenarios/starts.test.ts'
const FLIGHT = 'test/scenarios/rebinding-flight.test.ts'
const CROSSINGS = 'test/scenarios/crossings.test.ts'
const FINALS = 'test/scenarios/finals.test.ts'
const ENDINGS = 'test/scenarios/endings.test.ts'
const WHEREABOUTS = 'test/scenarios/whereabouts.test.ts'

export const CONTROLS: readonly Control[] = [
  ...START_CONTROLS,
  ...EXCHANGE_CONTROLS,

  // ── The flight (MOVING §4, §5) ─────────────────────────────────────────────
  {
    breaks: 'one number FINAL for all SAs',
    edits: [
      edit(
        SESSION,
        'const bound = new Map(finals.map(({ spi, sequence }) => [spi, sequence]))',
        'const most = Math.max(...finals.map(({ sequence }) => sequence))\n  const bound = new Map(finals.map(({ spi }) => [spi, most]))',
      ),
    ],
    file: FINALS,
    notices:
      'FINALS > close each SA above its own number: a former host seals nothing on the old one up to the number of the new one',
  },
  {
    breaks: 'P3 not repeated',
    edits: [
      edit(
        RATCHET,
        "  association.timers.set('reliable', Math.min(at, association.timers.at('reliable')))",
        "  if (reliable.purpose !== 'confirm') association.timers.set('reliable', Math.min(at, association.timers.at('reliable')))",
      ),
    ],
    file: FLIGHT,
    notices: 'P3 > is repeated until it is acknowledged, even when data has already committed the peer',
  },
  {
    breaks: 'P3 without ACK',
    edits: [
      edit(
        CONTROL,
        '  if (confirms) settle(association, now)',
        '  if (confirms) {\n    session.peerUpdateIds.record(seq)\n    return settle(association, now)\n  }\n  if (message.ack !== undefined && message.dh === undefined) return',
      ),
    ],
    file: FLIGHT,
    notices: 'P3 > stops when it is acknowledged',
  },
  {
    breaks: 'the resumption of an older capsule',
    edits: [
      edit(
        REBIND,
        "  if (relation === 'higher' && session.peerStart.epoch > offer.epoch.baseEpoch) {",
        '  if (session.peerStart.epoch > 0xffff_ffff) {',
      ),
    ],
    file: ENDINGS,
    notices:
      'a start that may not resume > of an older capsule is refused although the peer still holds its S: what the lost run said is not said again',
  },
  {
    breaks: 'the resumption of a state that ran on',
    edits: [edit(SESSION, '  if (ordinary.some((entry) => entry.sa.highest > limit(entry))) return false\n', '')],
    file: ENDINGS,
    notices:
      'a start that may not resume > of a state that ran on after it was taken is refused: the peer has opened numbers above its FINALS',
  },
  {
    breaks: 'more than ten packets under the interim key',
    edits: [edit('src/core/association/data.ts', 'association.interimSent < config.interimPacketsMax &&', '')],
    file: FLIGHT,
    notices: 'data beside the flight > goes at once under the interim key, ten packets before P2 and not one more',
  },
  {
    breaks: 'data without limit to a place that has not answered',
    edits: [
      edit(
        'src/core/association/data.ts',
        'return association.credit.covers(now, size) && association.paths.withinAmplification(tuple, size)',
        'return true',
      ),
    ],
    file: FLIGHT,
    notices:
      'the address of the thawed side > gets at most three times what came from it, and no more than came since the thaw, before it is verified',
  },

  // ── Crossings and endings (MOVING §6, §8) ──────────────────────────────────
  {
    breaks: 'Update IDs continued across epochs',
    edits: [edit(REBIND, '  session.peerUpdateIds = new UpdateIds(association.context.config.updateIdWindow)\n', '')],
    file: CROSSINGS,
    notices:
      'a packet for an older start > is not missed: Update IDs restart with the epoch, however far they had come',
  },
  {
    breaks: 'an answer without DH when both thawed',
    edits: [
      edit(
        REBIND,
        '    ...offerParameters(session, dh, inboundSpi, reserveIn, updateId),',
        `    ...offerParameters(session, dh, inboundSpi, reserveIn, updateId).filter(
      ({ type }) => own === undefined || type !== Parameter.DIFFIE_HELLMAN,
    ),`,
      ),
    ],
    file: CROSSINGS,
    notices: 'when both ends thaw at once > their P1s cross and one new S comes of it',
  },
  {
    breaks: 'an answer with another DH than one’s own P1 when both thawed',
    edits: [
      edit(REBIND, 'const dh = own?.dh ?? freshDh(association, session)', 'const dh = freshDh(association, session)'),
    ],
    file: CROSSINGS,
    notices: 'when both ends thaw at once > their P1s cross and one new S comes of it',
  },
  {
    breaks: 'a refusal without message',
    edits: [
      edit(
        'src/core/association/notify.ts',
        'if (context.mayNotify(now)) {\n    association.sendTo(',
        'if (Number.isNaN(now)) {\n    association.sendTo(',
      ),
    ],
    file: ENDINGS,
    notices:
      'a start that may not resume > of an older capsule is refused with a message, and both ends are told of the reset',
  },
  {
    breaks: 'addressee epoch ignored',
    edits: [
      edit(
        CONTROL,
        "  if (addressee === 'lower') return onOlderAddressee(association, now, message, tuple, sender)",
        "  if (addressee === 'lower' && message.seq === undefined) return onOlderAddressee(association, now, message, tuple, sender)",
      ),
    ],
    file: CROSSINGS,
    notices:
      'a packet for an older start > is neither acted on nor acknowledged, but its signed locators are where the next P1 goes',
  },
  {
    breaks: 'floor taken for binding',
    edits: [
      edit(
        'src/core/moving/learn.ts',
        '  const { epoch, incarnation } = said.start\n',
        '  const { epoch, incarnation } = said.start\n  session.peerStart = said.start\n',
      ),
    ],
    file: WHEREABOUTS,
    notices:
      'whereabouts > of a later start raise the floor and bind nothing: its P1 is still what moves the association',
  },
  {
    breaks: 'whereabouts without version',
    edits: [
      edit(
        'src/core/moving/whereabouts.ts',
        'return a.start.epoch - b.start.epoch || a.version - b.version',
        'return a.start.epoch - b.start.epoch || 1',
      ),
    ],
    file: WHEREABOUTS,
    notices: 'whereabouts > of a lower version of the same epoch are old news, and so is the same once more',
  },
  {
    breaks: 'lower epochs that get a P2',
    edits: [
      edit(
        CONTROL,
        "  if (claimed.epoch < known.epoch) return 'lower'",
        "  if (claimed.epoch < known.epoch) return 'same'",
      ),
    ],
    file: ENDINGS,
    notices:
      'a former host that goes on > learns from the first peer it talks to that it is superseded, and stops for good',
  },
  {
    breaks: 'a superseded instance that believes the receipt of any ledger',
    edits: [
      edit(
        'src/core/association/notify.ts',
        ' || ledgerKey === undefined || !samePublicKey(receipt.ledgerKey, ledgerKey)) {',
        ' || ledgerKey === undefined) {',
      ),
    ],
    file: ENDINGS,
    notices: 'a former host that goes on > is not fenced by the receipt of another ledger, whoever signs the word',
  },
  {
    breaks: 'a zombie that replaces an association by a base exchange',
    edits: [
      edit('src/core/association/responding.ts', "return zombie ? 'i2-zombie' : undefined", 'return undefined'),
      edit(
        'src/core/association/responding.ts',
        "judged !== 'accepted') return 'i2-below-floor'",
        "judged === 'other-ledger') return 'i2-below-floor'",
      ),
    ],
    file: STARTS,
    notices: 'a zombie > of a lower epoch never replaces an association by a base exchange',
  },
  {
    breaks: 'a tuple that moves data because a packet came from it',
    edits: [
      edit(
        'src/core/association/data.ts',
        'follow(association, now, tuple)\n  const { nextHeader',
        "association.paths.activate(tuple, 'observed')\n  const { nextHeader",
      ),
    ],
    file: 'test/scenarios/addresses.test.ts',
    notices: 'bare ESP from a new place > starts a check there and moves nothing by itself',
  },

  // ── Streams (DESIGN §5) ─────────────────────────────────────────────────────
  {
    breaks: 'numbers under other keys on the same SPI taken for those of before',
    edits: [
      edit('src/core/transport/transport.ts', 'if (highest !== undefined && number <= highest)', 'if (number < 0)'),
    ],
    file: 'test/transport/transport-paths.test.ts',
    notices: 'other keys on the SPI of before > begin to count again, and what the old ones carried goes out again',
  },
  {
    breaks: 'what a peer had not acknowledged forgotten when it goes on elsewhere',
    edits: [edit('src/core/transport/transport.ts', 'this.streams.requeueAll()', '')],
    file: 'test/transport/transport-paths.test.ts',
    notices:
      'a peer that goes on elsewhere > gets everything again that it has not acknowledged, and its old numbers mean nothing',
  },

  {
    breaks: 'a silent path left for one that has not answered',
    edits: [
      edit(
        'src/core/association/failover.ts',
        "    if (silence.answered !== undefined) takePath(association, now, silence.answered, 'failover')",
        "    const [next] = paths.alternatives(now)\n    if (next !== undefined) takePath(association, now, next, 'failover')",
      ),
    ],
    file: 'test/scenarios/failover.test.ts',
    notices: 'a path that goes silent > is not left for one that is as dead, but for one that answers',
  },
  {
    breaks: 'what a peer prefers, used before it is verified',
    edits: [
      edit(
        'src/core/association/readdress.ts',
        "  if (preferred.state === 'active' && paths.why !== 'failover')",
        "  if (paths.why !== 'failover')",
      ),
    ],
    file: 'test/scenarios/paths.test.ts',
    notices: 'an end with several locators > stays where it is while what it prefers does not answer',
  },
  {
    breaks: 'listed addresses asked at no cost to who lists them',
    edits: [edit('src/core/association/reach.ts', '  credit.spend(now, bytes)\n  tuple.answers += 1\n', '')],
    file: 'test/scenarios/addresses.test.ts',
    notices:
      'a peer that lists places which are not its own > cannot have any of them flooded: each is asked four times at most, and all of it is paid for by what came',
  },

  // ── What strangers may cost (DESIGN §5) ────────────────────────────────────
  {
    breaks: 'Diffie–Hellman for every I2 that solves its puzzle',
    edits: [
      edit(
        'src/core/association/responder.ts',
        "  if (!pool.mayAgree(now, source)) return { drop: 'i2-prefix-limit' }\n",
        '',
      ),
    ],
    file: 'test/core/responder.test.ts',
    notices: 'a Responder > computes Diffie–Hellman for a prefix only within its budget, and then serves the same I2',
  },
  {
    breaks: 'a K that only rises',
    edits: [edit('src/core/association/difficulty.ts', '      if (dueAt > now) break\n', '      break\n')],
    file: 'test/core/difficulty.test.ts',
    notices:
      'the difficulty of puzzles > falls by one step a second once it is quiet, and is back without anybody asking',
  },
  {
    breaks: 'an SA that opens forgeries for ever',
    edits: [
      edit(
        'src/core/association/data.ts',
        "  if (entry.sa.forged >= context.config.forgedPacketsMax) return context.count('esp-forgery-limit')\n",
        '',
      ),
    ],
    file: 'test/scenarios/forgeries.test.ts',
    notices:
      'an SA to which packets are forged > opens nothing more after the last of them, at the cost of no cryptography',
  },

  // ── Peers that know only the RFCs, in worlds of their own ──────────────────
  {
    breaks: 'a rekey with an RFC-only peer that is not repeated',
    edits: [
      edit(
        'src/core/association/plain.ts',
        'if (!rekey.acknowledged) sendRekey(association, now, rekey)\n  timers.set',
        'timers.set',
      ),
    ],
    file: 'test/seeds/strangers.test.ts',
    notices: 'a seed with a stranger > holds every rule and comes to rest, with moves, rekeys and readdresses',
  },

  // ── What the simulator's checkers count ────────────────────────────────────
  {
    breaks: 'places of a peer that are never forgotten',
    edits: [edit('src/core/association/paths.ts', '    if (this.#tuples.size >= this.most) this.#evict()\n', '')],
    file: 'test/sim/world.test.ts',
    notices: 'in a world > a peer that is at ever other places fills no table beyond its cap: rule S8 counts them',
  },

  // ── Streams that move, in worlds ───────────────────────────────────────────
  {
    breaks: 'streams that are reset and stopped by every freeze',
    edits: [
      edit(
        'src/core/transport/transport.ts',
        '    return this.streams.freeze()',
        `    for (const { id } of this.streams.list()) {
      this.streams.reset(id, 3)
      this.streams.stop(id, 3)
    }
    return this.streams.freeze()`,
      ),
    ],
    file: 'test/sim/stream-ends.test.ts',
    notices: 'in worlds that move in the middle of streams > nothing ends that nobody has ended',
  },

  // ── The simulator's own memory ─────────────────────────────────────────────
  {
    breaks: 'a signature that is remembered for any message',
    edits: [edit('src/sim/recollection.ts', 'equalBytes(known.message, message) &&', '')],
    file: 'test/sim/recollection.test.ts',
    notices: 'a table that recollects > computes and refuses what differs in a bit of ed25519',
  },
  {
    breaks: 'a secret that is remembered for any peer',
    edits: [
      edit(
        'src/sim/recollection.ts',
        'known !== undefined && equalBytes(known.own, peer) && equalBytes(known.peer, own)',
        'known !== undefined',
      ),
      edit('src/sim/recollection.ts', 'placeOf(own) + placeOf(peer)', '0'),
    ],
    file: 'test/sim/recollection.test.ts',
    notices: 'a table that recollects > agrees once for both ends, and lends nobody its own copy',
  },
  {
    breaks: 'a packet that is remembered under any key',
    edits: [edit('src/sim/recollection.ts', 'equalBytes(known.keys.encryption, keys.encryption) &&', '')],
    file: 'test/sim/recollection.test.ts',
    notices:
      'a table that recollects > with ESP suite 13 > computes what differs in a bit of packet, number or key, and refuses all that is authenticated',
  },
]

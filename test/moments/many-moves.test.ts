// One stream through moves of either end without number, on a wire that loses: it never ends, and it never loses or repeats a byte.
// `npm run moments` makes a thousand moves, `npm test` forty.

import { expect, it } from 'vitest'
import { concat } from '../../src/base/bytes.ts'
import { Prng } from '../../src/base/prng.ts'
import { noise } from '../support/stream-app.ts'
import { exact, move, transfer, until } from '../support/transfer.ts'
import { EVERY } from './moments.ts'

const MOVES = EVERY ? 1_000 : 40
const PIECE = 12_000
const LOSS = 0.01

it(`no byte is lost and none repeated in ${MOVES} moves of either end in the middle of a transfer`, () => {
  const prng = new Prng(1_000)
  const one = transfer({}, (flying) => (prng.chance(LOSS) ? [] : [flying]), PIECE, true, false)
  const pieces = [one.bytes]
  const epochs = { client: 1, server: 1 }
  let inTheMiddle = 0
  let mover = one.client
  for (let moves = 0; moves < MOVES; moves++) {
    expect(until(one, one.steps() + 1 + prng.below(24))).toBe(true)
    const [client, server] = [one.client.end.engine, one.server.end.engine]
    if ([...client.streams(server.hit), ...server.streams(client.hit)].some(({ buffered }) => buffered > 0))
      inTheMiddle++
    const at = 3 + (moves % 200)
    const next = prng.chance(0.5) ? one.client : one.server
    // There is no ledger here: whose moves have both been missed by the other would never meet again.
    if (next !== mover && moves > 0) expect(until(one, Infinity, () => mover.end.told.includes('resumed'))).toBe(true)
    if (next === one.client) move(one, next, one.alice, at, ++epochs.client)
    else move(one, next, one.bob, at, ++epochs.server)
    mover = next
    const piece = noise(PIECE, moves)
    pieces.push(piece)
    one.client.say(one.id, piece, false)
  }
  one.client.say(one.id, new Uint8Array(0))
  exact({ ...one, bytes: concat(...pieces) }, 600_000)
  expect(inTheMiddle).toBeGreaterThan(0.9 * MOVES)
})

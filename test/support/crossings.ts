// Where limits are crossed by a test that is about something else, too.

/** A test elsewhere that crosses the limit. */
export interface Elsewhere {
  readonly file: string
  readonly test: string
}

export const FLIGHT = 'test/scenarios/rebinding-flight.test.ts'
export const PARKING = 'test/scenarios/parking.test.ts'
export const FAILOVER = 'test/scenarios/failover.test.ts'
export const REKEYING = 'test/scenarios/rekeying.test.ts'
export const ENDINGS = 'test/scenarios/endings.test.ts'
export const POOL = 'test/core/r1-pool.test.ts'
export const R1S: Elsewhere = {
  file: POOL,
  test: 'of a prefix that has had its R1s gets none, while other prefixes do',
}
export const REPEATED: Elsewhere = {
  file: 'test/core/responder.test.ts',
  test: 'answers a repeated I2 with the same R2, at most once in its pause',
}
export const UNPADDED: Elsewhere = {
  file: POOL,
  test: 'without padding costs a token, and gets nothing when they are spent',
}
export const DIFFICULTY = 'test/core/difficulty.test.ts'
export const BUCKETS = 'test/core/prefix-buckets.test.ts'
export const INQUIRIES = 'test/core/inquiries.test.ts'
export const FORGERIES = 'test/scenarios/forgeries.test.ts'
export const AGREEMENTS: Elsewhere = {
  file: 'test/core/responder.test.ts',
  test: 'computes Diffie–Hellman for a prefix only within its budget, and then serves the same I2',
}
export const KEEPALIVES = {
  keepaliveMs: {
    file: PARKING,
    test: 'is kept open by a dummy of 64 bytes or more every fifteen to twenty seconds',
  },
  keepaliveSpread: {
    file: PARKING,
    test: 'says so when its SPI has it, so that a thousand that fell silent together do not speak up together',
  },
  keepaliveBeatMs: {
    file: PARKING,
    test: 'says so at a beat that all have in common, so that ten thousand do not wake the process one by one',
  },
  passiveKeepaliveMs: {
    file: PARKING,
    test: 'says by a dummy that it is there, before the peer has to ask',
  },
} satisfies Readonly<Record<string, Elsewhere>>

// Every limit and time of this layer in one place, units in the names: queues and timers between the sockets of the system, the
// engine and the application. Those of the protocol are in core/config.ts. A limit that is not crossed by a test is not a limit:
// test/node/limits.test.ts walks this list, and finds numbers of the kind that are elsewhere.

import { DEFAULTS } from '../core/config.ts'

/** Bytes that one `read(n)` of a stream may wait for: as far as the window of a stream grows. */
export const READ_BYTES_MAX: number = DEFAULTS.streamWindowBytesMax
/** A piece that comes while others wait to be read is put together with its neighbours if it is no longer than this … */
export const SMALL_PIECE_BYTES_MAX = 1_024
/** … in memory that grows from so much to so much, and is then one piece. */
export const SMALL_PIECES_BYTES_MIN = 1_024
export const SMALL_PIECES_BYTES_MAX = 16_384

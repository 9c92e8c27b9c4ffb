// Every limit and time of this layer in one place, units in the names: queues and timers between the sockets of the system, the
// engine and the application. First what others fix, then what we choose. Those of the protocol are in core/config.ts. A limit
// that is not crossed by a test is not a limit: test/node/limits.test.ts walks this list, and finds those that are elsewhere.

import { DEFAULTS } from '../core/config.ts'

// ── From others ──────────────────────────────────────────────────────────────

/** RFC 6335 §6: ports that are given to whoever asks for any. */
export const EPHEMERAL_FIRST = 49_152
export const EPHEMERAL_COUNT = 16_384
/** Node's timers wait no longer. */
export const TIMER_MS_MAX: number = 2 ** 31 - 1

// ── Streams ──────────────────────────────────────────────────────────────────

/** Bytes that one `read(n)` of a stream may wait for: as far as the window of a stream grows. */
export const READ_BYTES_MAX: number = DEFAULTS.streamWindowBytesMax
/** A piece that comes while others wait to be read is put together with its neighbours if it is no longer than this … */
export const SMALL_PIECE_BYTES_MAX = 1_024
/** … in memory that grows from so much to so much, and is then one piece. */
export const SMALL_PIECES_BYTES_MIN = 1_024
export const SMALL_PIECES_BYTES_MAX = 16_384
/** Streams that wait for one peer to allow another. */
export const STREAMS_WAITING_MAX = 1_024
/** Streams that nobody has asked a listener for yet. What comes beyond is refused. */
export const BACKLOG_STREAMS_MAX = 128
/** So many bytes that Node holds ask the writer of a stream to wait, such as one that is not open yet: Node's own default since 22. */
export const WRITE_AHEAD_BYTES = 65_536
/** Fewer bytes than this of a longer write are not worth a try while there is no room for all. */
export const WRITE_PIECE_BYTES_MIN = 1_024
/** What is written in one turn leaves at its end; of so much, the first part already before. */
export const EARLY_BYTES = 262_144
/** How often a freeze hands over what was written in answer to the last time. */
export const FREEZE_ROUNDS_MAX = 16
/** How long streams that are being ended are waited for while nothing more of them arrives. */
export const FINISH_MS = 1_000
/** Bytes of requests that wait for their turn; who sends more is cut off. A head alone has at most 16 KiB (node:http). */
export const UNANSWERED_BYTES_MAX = 65_536

// ── Datagrams and ports ──────────────────────────────────────────────────────

/** Datagrams that a socket keeps for an application that does not take them. */
export const UNREAD_DATAGRAMS_MAX = 1_024
/** Datagrams, and events, in one turn: then others on the event loop have theirs. */
export const TURN_DATAGRAMS_MAX = 64
/** What the system is asked to keep of what comes and goes. */
export const SOCKET_BUFFER_BYTES: number = 4 * 1024 * 1024
/** Sources whose texts a port remembers before it begins anew. */
export const PORT_SOURCES_MAX = 4_096
/** Addresses of this machine that peers are told of a port that is bound to all of them. */
export const PORT_ANNOUNCED_MAX = 2
/** How long the port of an old address still receives: what was on its way when the peers were told. */
export const OLD_PORT_MS = 500
/** Sources that are remembered to be answered from the old port. */
export const OLD_PORT_CALLERS_MAX = 1_024

// ── Associations ─────────────────────────────────────────────────────────────

export const ASSOCIATE_MS = 5_000
/** Less time than this is not worth another exchange. */
export const RETRY_MS_MIN = 1_000
export const PING_MS = 1_000
/** How long `whoIs` waits. */
export const QUESTION_MS = 5_000
/** How long peers are waited for when we say goodbye. */
export const GOODBYE_MS = 1_000

// ── Ledgers, moves and files ─────────────────────────────────────────────────

/** How long after a start the ledger is told: what the peers answer at once is waited for, this is not. */
export const PUBLISH_AFTER_MS = 20
export const PUBLISH_TRIES_MAX = 8
export const PUBLISH_PAUSE_MS_MIN = 100
/** A peer that is looked for is asked after at pauses that double from one to the other. */
export const SEEK_PAUSE_MS_MIN = 25
export const SEEK_PAUSE_MS_MAX = 5_000
/** Offers of a host that are open at once. */
export const HOST_OFFERS_MAX = 64
/** The key of an offer is kept far longer than the offer holds: a capsule that was sealed in time may be long on its way. */
export const OFFER_KEPT_MS: number = 30 * 60_000
export const REHEARSAL_TURNS_MAX = 1_000
/** Moves that a process practises, in all: V8 compiles what runs once a move only after some hundreds of them. */
export const REHEARSED_MOVES_MAX = 1_000
/** How long practice takes of a call that is about to move; and how long after a move of its peer a process practises. */
export const REHEARSAL_AT_ONCE_MS = 150
export const REHEARSAL_SOON_MS = 1_000
/** How long a change of floors waits for others; longer, a millisecond a floor, where there are many to write. */
export const FLOORS_SAVE_AFTER_MS = 200
export const SECRET_FILE_BYTES_MAX = 65_536

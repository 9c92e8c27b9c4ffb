// Every limit of this layer in one place, units in the names. test/ledger/limits.test.ts walks this list, and finds those that are
// elsewhere.

/** A file of a version, and what is in it. */
export const VERSION_FILE_BYTES_MAX = 65_536
export const NONCE_BYTES_MAX = 64
export const RECEIPT_BYTES_MAX = 4_096
/** When a process began, as its system writes it. */
export const STARTED_BYTES_MAX = 256
export const SUCCESSORS_MAX = 64
/** Races lost one after another before the ledger says that it cannot answer: somebody is hammering it. */
export const RACES_MAX = 64
/** How often a file is begun that somebody sweeps away while it is written. */
export const CREATE_TRIES_MAX = 3
/** Identities whose newest version is remembered; of another one the oldest is forgotten, and read again when it is asked for. */
export const CHAINS_MAX = 1_024

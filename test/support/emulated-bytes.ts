/** What the sender of test/links/processes.test.ts has to say, in bytes. */
export const EMULATED_BYTES = 2_000_000

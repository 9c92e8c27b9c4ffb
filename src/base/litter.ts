// Garbage, on purpose. Memory outside of V8's heap, such as what a packet is opened into, V8 counts towards the old generation at
// once, and gives back when it collects the young one: when so much has been made in that. Beside large buffers hardly anything is.
// So a process with a small heap comes to the limit of the old generation first, and V8 marks all there is, again and again, to find
// what nobody has held for long (`node --trace-gc`): more than half of what a receiver of 64 KiB packets did. A little litter beside
// each large buffer has the young generation collected in time, which costs far less than that; how much it takes depends on how large
// that is, between 1 MiB and 16.

/** Smaller ones come with enough views and records of their own. */
const LARGE_BYTES = 8_192
/** For so many bytes outside … */
const EACH_BYTES = 65_536
/** … 12 KiB inside at least: the young generation is 1 MiB large at first and after each idle time. */
const WORDS_MIN = 1_536
/** As much inside as outside at most. */
const WORDS_MAX = 8_192
/** The limit may be 8 MiB away: so many bytes outside fill the young generation, if that is not too large. */
const WITHIN_BYTES = 6 * 1024 * 1024
/** So many bytes outside, and it is looked at how large it is now. */
const FIT_EACH_BYTES = 16 * 1024 * 1024

let words = WORDS_MIN
let owed = 0
let sinceFit = 0
/** The last of it: nobody must see that it is never looked at. */
const bin: { litter: readonly undefined[] | undefined } = { litter: undefined }

/**
 * To be called by whoever has made, or been given, a buffer that will soon be done with. True now and then: whoever can should `fitLitter`
 * it to the young generation then.
 */
export function litter(bytes: number): boolean {
  if (bytes < LARGE_BYTES) return false
  owed += bytes
  if (owed < EACH_BYTES) return false
  owed -= EACH_BYTES
  bin.litter = new Array<undefined>(words)
  sinceFit += EACH_BYTES
  if (sinceFit < FIT_EACH_BYTES) return false
  sinceFit = 0
  return true
}

/** `youngBytes`: how much the young generation takes before it is collected. */
export function fitLitter(youngBytes: number): void {
  const wanted = Math.round(((youngBytes / WITHIN_BYTES) * EACH_BYTES) / WORD_BYTES)
  words = Math.min(Math.max(wanted, WORDS_MIN), WORDS_MAX)
}

const WORD_BYTES = 8

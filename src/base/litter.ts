// Garbage, on purpose. Memory outside of V8's heap, such as what a packet is opened into, V8 counts towards the old generation at
// once, and gives back when it collects the young one: when so much has been made in that. Beside large buffers hardly anything is.
// So a process with a small heap comes to the limit of the old generation first, and V8 marks all there is, again and again, to find
// what nobody has held for long (`node --trace-gc`): more than half of what a receiver of 64 KiB packets did. A little litter beside
// each large buffer has the young generation collected in time, which costs a hundredth of that.

/** Smaller ones come with enough views and records of their own. */
const LARGE_BYTES = 8_192
/** For so many bytes outside … */
const EACH_BYTES = 65_536
/** … 12 KiB inside: the limit may be 8 MiB away, and the young generation is 1 MiB large at first and after each idle time. */
const WORDS = 1_536

let owed = 0
/** The last of it: nobody must see that it is never looked at. */
const bin: { litter: readonly undefined[] | undefined } = { litter: undefined }

/** To be called by whoever has made, or been given, a buffer that will soon be done with. */
export function litter(bytes: number): void {
  if (bytes < LARGE_BYTES) return
  owed += bytes
  if (owed < EACH_BYTES) return
  owed -= EACH_BYTES
  bin.litter = new Array<undefined>(WORDS)
}

// CUBIC once more, in whole numbers: windows in millionths of a segment, times in microseconds, the formulas of RFC 9438 §4.2
// and §4.3 as they stand there. Slow, but without rounding that matters; src/ has it in floating point.

const UNIT = 1_000_000n

/** The largest whole number whose cube is not above `n`. */
function cubeRoot(n: bigint): bigint {
  let [low, high] = [0n, 1n]
  while (high ** 3n <= n) high *= 2n
  while (high - low > 1n) {
    const middle = (low + high) / 2n
    if (middle ** 3n <= n) low = middle
    else high = middle
  }
  return low
}

/** Congestion avoidance after one loss at a window of `peak` segments, acknowledged a segment at a time. */
export class CubicReference {
  readonly #peak: bigint
  /** K, in microseconds. */
  readonly #plateauAfter: bigint
  #window: bigint
  #reno: bigint

  constructor(peakSegments: number) {
    this.#peak = BigInt(peakSegments) * UNIT
    this.#window = (this.#peak * 7n) / 10n
    this.#reno = this.#window
    // K³ = (W_max − cwnd) / 0.4 in cubic seconds: times 10^18 for cubic microseconds, of which UNIT is in the window already.
    this.#plateauAfter = cubeRoot(((this.#peak - this.#window) * 10n ** 13n) / 4n)
  }

  get segments(): number {
    return Number(this.#window) / Number(UNIT)
  }

  /** A segment is acknowledged so long after the epoch began. */
  acked(elapsedUs: bigint, rttUs: bigint): void {
    // α is 3 × 0.3 / 1.7 = 9/17 until the peak is reached again.
    const [up, down] = this.#reno < this.#peak ? [9n, 17n] : [1n, 1n]
    this.#reno += (up * UNIT * UNIT) / (down * this.#window)
    if (this.#cubic(elapsedUs) < this.#reno) {
      if (this.#reno > this.#window) this.#window = this.#reno
      return
    }
    let target = this.#cubic(elapsedUs + rttUs)
    if (target < this.#window) target = this.#window
    if (target * 2n > this.#window * 3n) target = (this.#window * 3n) / 2n
    this.#window += ((target - this.#window) * UNIT) / this.#window
  }

  #cubic(elapsedUs: bigint): bigint {
    return (4n * (elapsedUs - this.#plateauAfter) ** 3n) / 10n ** 13n + this.#peak
  }
}

// How many of the moments of a transfer are tried: a few in `npm test`, every one with SOJOURN_MOMENTS=every (`npm run moments`).

export const EVERY: boolean = process.env.SOJOURN_MOMENTS === 'every'

/** Of so many moments those to try: one of `stride`, from the `first` on. */
export function momentsOf(count: number, stride: number, first = 0): readonly number[] {
  const all = Array.from({ length: count }, (_, moment) => moment)
  return EVERY ? all : all.filter((moment) => moment % stride === first % stride)
}

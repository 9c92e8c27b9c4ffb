// What a negative control is: a small edit that breaks one rule, and the test that must notice.

/** One edit of a source file: `find` occurs there exactly once. */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

export interface Control {
  /** The rule that is broken, in the words of MOVING §9 where it is one of those. */
  readonly breaks: string
  readonly edits: readonly Edit[]
  /** The file with the test that must fail, and its full name. */
  readonly file: string
  readonly notices: string
}

/** Shorthand: one edit of one file. */
export function edit(file: string, find: string, replace: string): Edit {
  return { file, find, replace }
}

// Every limit and time of the commands in one place, units in the names; the defaults of their options stand with the options, and
// what the demo plays with its scenes. test/node/cli-limits.test.ts walks this list, and finds those that are elsewhere.

/** Commands that `listen --exec` runs at once: a stream beyond is reset. */
export const CHILDREN_MAX = 32
/** How often a progress bar is drawn. */
export const REDRAW_MS = 100

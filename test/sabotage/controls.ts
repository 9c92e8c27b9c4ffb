// The negative controls of MOVING §9: each breaks one rule in one place and names the scenario that notices. A control that
// nothing notices shows that the scenarios, not the code, are wrong.

/** One edit of a source file: `find` occurs there exactly once. */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly replace: string
}

export interface Control {
  /** The rule that is broken, in the words of MOVING §9. */
  readonly breaks: string
  readonly edits: readonly Edit[]
  /** The file with the scenarios, and the full name of the one that must fail. */
  readonly scenario: string
  readonly notices: string
}

export const CONTROLS: readonly Control[] = [
  {
    breaks: 'no receipt',
    edits: [
      {
        file: 'src/core/moving/rebind.ts',
        find: "  if (typeof receipt === 'string') {",
        replace:
          "  if (epoch.receipt.length === 0) return { key: session.peerKey, start, receipt: { ledgerKey: session.peerKey, bytes: epoch.receipt } }\n  if (typeof receipt === 'string') {",
      },
    ],
    scenario: 'test/scenarios/starts.test.ts',
    notices: 'a former host that thaws its old capsule once more > without a receipt rebinds nobody',
  },
]

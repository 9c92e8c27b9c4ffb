// The demo's result: for machines as DESIGN §10 has it, for people as a few lines.

/** One move, as the peer saw it. */
export interface MoveReport {
  readonly who: 'service' | 'peer'
  readonly from: string
  readonly to: string
  readonly epoch: number
  /** Last answer accepted before the move to first one after it, at the peer. */
  readonly blackoutMs: number
}

/** The last line of `demo --json`. */
export interface DemoSummary {
  readonly ok: boolean
  readonly hit: string
  readonly moves: readonly MoveReport[]
  readonly sent: number
  readonly answered: number
  readonly lost: number
  readonly duplicated: number
  readonly reordered: number
  readonly baseExchanges: number
  /** Tries beyond the first. */
  readonly repeated: number
  /** False where the system has no 127.0.0.2: one address, three ports. */
  readonly aliases: boolean
  /** Whether the UDP sockets of every process could be counted from outside. */
  readonly socketsCounted: boolean
  /** What went wrong; empty if nothing. */
  readonly troubles: readonly string[]
}

/** The summary for people. */
export function summaryLines(summary: DemoSummary): readonly string[] {
  const { moves, sent, answered, lost, duplicated, reordered, repeated, baseExchanges } = summary
  const lines = ['', `  ${summary.hit}`]
  for (const { who, from, to, epoch, blackoutMs } of moves) {
    const name = who.padEnd(7)
    lines.push(
      `  ${name}  ${from.padEnd(15)} → ${to.padEnd(15)}  epoch ${epoch}   silent for ${blackoutMs.toFixed(1)} ms`,
    )
  }
  lines.push(
    `  ${sent} datagrams: ${answered} answered, ${lost} lost, ${duplicated} duplicated, ${reordered} reordered; ${repeated} were repeated`,
    `  ${baseExchanges} base exchange${baseExchanges === 1 ? '' : 's'}: ${
      baseExchanges === 1 ? 'one association from the first datagram to the last' : 'the association did not survive'
    }`,
  )
  if (!summary.aliases) lines.push('  this system has no 127.0.0.2: the processes moved between ports of 127.0.0.1')
  if (!summary.socketsCounted) lines.push('  this system does not tell how many UDP sockets a process has: not checked')
  for (const trouble of summary.troubles) lines.push(`  trouble: ${trouble}`)
  lines.push('', summary.ok ? 'ok' : 'failed')
  return lines
}

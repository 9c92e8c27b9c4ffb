// The demo's result: for machines as DESIGN §10 has it, for people as a few lines.

import type { PeerCounts, Role } from './messages.ts'
import type { Stage } from './stage.ts'

/** One move, as the end that listened saw it. */
export interface MoveReport {
  readonly who: Role
  readonly from: string
  readonly to: string
  readonly epoch: number
  /** Last answer, or last byte, accepted before the move to first one after it. */
  readonly blackoutMs: number
}

/** An act that was played to its end. */
export interface ActReport {
  readonly act: 'datagrams' | 'downloads'
  /** After the demo began. */
  readonly endedMs: number
}

/** What has come of the datagrams. */
export interface DatagramReport extends PeerCounts {
  readonly hit: string
}

/** What has come of a download, or of several at once. */
export interface DownloadReport {
  /** Who moved meanwhile. */
  readonly who: 'server' | 'browser'
  readonly files: number
  readonly bytes: number
  /** The moves included. */
  readonly seconds: number
  readonly mbitPerSecond: number
  /** Every SHA-256 is that of what was served. */
  readonly intact: boolean
  readonly baseExchanges: number
}

/** The last line of `demo --json`. */
export interface DemoSummary {
  readonly ok: boolean
  /** Those that came to their end, in that order. */
  readonly acts: readonly ActReport[]
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
  readonly downloads: readonly DownloadReport[]
  /** False where the system has no 127.0.0.2: one address, three ports. */
  readonly aliases: boolean
  /** Whether the UDP sockets of every process could be counted from outside. */
  readonly socketsCounted: boolean
  /** What went wrong; empty if nothing. */
  readonly troubles: readonly string[]
}

const NOTHING: DatagramReport = {
  hit: '',
  sent: 0,
  answered: 0,
  repeated: 0,
  reordered: 0,
  duplicated: 0,
  baseExchanges: 0,
}

/** The summary of what happened on a stage. What an act has not come to is missing, and then it is not ok. */
export function summaryOf(
  { troubles, moves, addresses: { aliases }, socketsCounted }: Stage,
  acts: readonly ActReport[],
  datagrams: DatagramReport = NOTHING,
  downloads: readonly DownloadReport[],
): DemoSummary {
  const { hit, sent, answered, duplicated, reordered, repeated, baseExchanges } = datagrams
  const survived = baseExchanges === 1 && downloads.every((download) => download.baseExchanges === 1)
  const intact = downloads.length === 2 && downloads.every((download) => download.intact)
  return {
    ok: troubles.length === 0 && survived && intact && duplicated === 0,
    acts,
    hit,
    moves,
    sent,
    answered,
    lost: sent - answered,
    duplicated,
    reordered,
    baseExchanges,
    repeated,
    downloads,
    aliases,
    socketsCounted,
    troubles,
  }
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
  for (const { who, files, bytes, seconds, mbitPerSecond, intact } of summary.downloads) {
    const what = files === 1 ? 'a download' : `${files} downloads`
    lines.push(
      `  ${what} while the ${who} moved: ${(bytes / 1_000_000).toFixed(0)} MB in ${seconds.toFixed(1)} s, ${mbitPerSecond.toFixed(0)} Mbit/s, ${
        intact ? 'every byte once and in order' : 'NOT what was served'
      }`,
    )
  }
  if (!summary.aliases) lines.push('  this system has no 127.0.0.2: the processes moved between ports of 127.0.0.1')
  if (!summary.socketsCounted) lines.push('  this system does not tell how many UDP sockets a process has: not checked')
  for (const trouble of summary.troubles) lines.push(`  trouble: ${trouble}`)
  lines.push('', summary.ok ? 'ok' : 'failed')
  return lines
}

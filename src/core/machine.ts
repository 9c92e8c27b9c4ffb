// One process identity as a pure state machine (DESIGN §1). Everything that happens to it comes in by `receive`, `expire`
// and commands; everything it wants comes out by `transmit`, `event` and `deadline`. It never reads a clock, a socket or a
// random source. `pump` is the only place that drains it: the Node driver and the simulator both call it after every input.

import type { Locator, Route } from '../base/address.ts'
import type { Hit } from '../crypto/hit.ts'
import type { PathReason } from './association/paths.ts'
import type { StreamEvent } from './stream-event.ts'

/** One datagram to put on the wire: UDP payload and where it goes. Or several at once. */
export interface Transmit {
  readonly bytes: Uint8Array
  /** Of several, which lie end to end: the length of each but the last, which may be shorter. */
  readonly each?: number | undefined
  /** With `at`, the own locator it has to leave from. */
  readonly to: Route
  /** Rather lost than in pieces: what is sent to find out how much the path carries, and what has been found to fit. */
  readonly whole?: boolean
}

/** Why an association ended. */
export type EndReason =
  | 'closed' // we closed it
  | 'closed-by-peer'
  | 'reset' // the peer refused to resume it, or we had to (MOVING §4)
  | 'replaced' // a new base exchange of the same peer took its place
  | 'fenced' // this identity has been started elsewhere (MOVING §6)
  | 'unreachable' // the base exchange got no answer
  | 'refused' // the peer answered, and lawfully said no
  | 'denied' // our own list does not admit it
  | 'incompatible' // no common suite, group or cipher
  | 'imposter' // another identity answered at the address
  | 'expired' // parked for too long

/** What a machine tells its owner. Every variant names the peer by HIT. */
export type MachineEvent =
  | StreamEvent
  | { readonly type: 'associated'; readonly peer: Hit; readonly initiator: boolean }
  | {
      readonly type: 'ended'
      readonly peer: Hit
      readonly reason: EndReason
      readonly tried: readonly Locator[]
      readonly detail: string
    }
  | {
      readonly type: 'datagram'
      readonly peer: Hit
      readonly sourcePort: number
      readonly port: number
      readonly bytes: Uint8Array
    }
  | {
      readonly type: 'pong'
      readonly peer: Hit
      readonly identifier: number
      readonly sequence: number
      readonly bytes: Uint8Array
    }
  /** The peer is now reached at another locator, or from another one of ours, and that path is verified. */
  | { readonly type: 'path'; readonly peer: Hit; readonly locator: Locator; readonly why: PathReason }
  /** No peer is heard on any path, and this one has been asked: perhaps it is the local port that is dead. */
  | { readonly type: 'silent'; readonly peer: Hit }
  /** The peer has been started again elsewhere and rebound the association: its new epoch. */
  | { readonly type: 'rebound'; readonly peer: Hit; readonly epoch: number }
  /** Our own thaw has been answered by this peer. */
  | { readonly type: 'resumed'; readonly peer: Hit }
  | { readonly type: 'rekeyed'; readonly peer: Hit }
  | { readonly type: 'parked'; readonly peer: Hit }
  | { readonly type: 'woken'; readonly peer: Hit }
  /** Datagrams queued for this peer have left; there is room again. */
  | { readonly type: 'drained'; readonly peer: Hit }
  /** `Engine.openStream` has said 'limit' of this peer, and would not any more. */
  | { readonly type: 'streams-openable'; readonly peer: Hit }
  /** The peer does not answer: ask the ledger where it is, then call `learn`. */
  | { readonly type: 'lookup'; readonly peer: Hit }
  /** Who is at a locator that `inquire` asked, by its own word and signature; or that nobody said so in time. */
  | { readonly type: 'found'; readonly inquiry: number; readonly peer: Hit; readonly locator: Locator }
  | { readonly type: 'nobody'; readonly inquiry: number }
  /** FREEZE is complete: nothing more will ever be sent by this machine. Take the state with `frozenState`. */
  | { readonly type: 'frozen' }
  /** A newer start of this very identity exists: this machine has stopped for good. */
  | { readonly type: 'fenced'; readonly epoch: number }

/** A machine that a driver can carry. Times are monotonic milliseconds; fractions are allowed. */
export interface Machine {
  /** Takes one UDP payload from `source`, with `at` if own locators are apart. It is lent. Never throws for anything it contains. */
  receive(now: number, datagram: Uint8Array, source: Route): void
  /** Runs everything that is due at `now`. */
  expire(now: number): void
  /**
   * The next datagram to send at `now`, or undefined. At most `most` of them together, if the machine has them ready. `patient`:
   * without those that `owes` speaks of.
   */
  transmit(now: number, most?: number, patient?: boolean): Transmit | undefined
  /** The next event, or undefined. */
  event(): MachineEvent | undefined
  /** When `expire` wants to be called next; Infinity if never. */
  readonly deadline: number
  /** Whether it has something to send of which the application has nothing to say: exchanges and moves wait for that. */
  answers?(): boolean
  /** Whether there is something that can wait for a moment, so that what a peer waits for is read and answered first. */
  owes?(): boolean
}

/** How many datagrams that is. */
export function datagramsOf({ bytes, each }: Transmit): number {
  return each === undefined ? 1 : Math.ceil(bytes.length / each)
}

/** Each of them by itself, as views. */
export function* eachOf({ bytes, each = bytes.length }: Transmit): IterableIterator<Uint8Array> {
  if (each === bytes.length) yield bytes
  else for (let at = 0; at < bytes.length; at += each) yield bytes.subarray(at, at + each)
}

/** Where a pump puts what it drains. */
export interface Sink {
  transmit(datagram: Transmit): void
  event(event: MachineEvent): void
  /** It asks `owes` by itself, and soon drains what waits. */
  readonly patient?: boolean
}

/**
 * Drains a machine: at most `limit` datagrams and `events` events a turn, so that a busy machine yields to its neighbours on the
 * event loop. Returns true when it stopped at a limit and wants another turn; without events, nobody wants one for them. The sink takes
 * up to `together` datagrams at once.
 */
export function pump(
  machine: Machine,
  now: number,
  sink: Sink,
  limit: number,
  events: number = limit,
  together = 1,
): boolean {
  let sent = 0
  let told = 0
  // What is told leads to more to send: answers of the application, and of the machine.
  for (let answered = -1; told > answered && sent < limit && told < limit; ) {
    while (sent < limit) {
      const datagram = machine.transmit(now, Math.min(together, limit - sent), sink.patient)
      if (datagram === undefined) break
      sent += datagramsOf(datagram)
      sink.transmit(datagram)
    }
    answered = told
    for (; told < events; told++) {
      const event = machine.event()
      if (event === undefined) break
      sink.event(event)
    }
  }
  return sent === limit || (told === events && events > 0)
}

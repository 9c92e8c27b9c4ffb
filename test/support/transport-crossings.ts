// Where the limits of streams and of loss recovery are crossed: each by a test in test/transport that is about just that.

import type { StreamConfig } from '../../src/core/transport/config.ts'
import type { RecoveryConfig } from '../../src/core/transport/recovery-config.ts'
import type { Elsewhere } from './crossings.ts'

const at =
  (file: string) =>
  (test: string): Elsewhere => ({ file: `test/transport/${file}.test.ts`, test })

const limits = at('streams-limits')
const recovery = at('recovery')
const received = at('recovery-received')
const lies = at('recovery-lies')
const congestion = at('congestion')
const pacer = at('pacer')
const mtu = at('mtu')
const earlier = at('earlier-paths')

const PERSISTENT = recovery(
  'is a row of losses that lasts longer than three time-outs, and leaves two packets of window',
)
const INITIAL = congestion('is ten packets, but 14,720 bytes if they are large, and always two packets')
const NOISE = congestion('takes a rise of less than 4 ms for noise, and 16 ms for a rise whatever the round trip')
const HYSTART = congestion(
  'slows it down when the round trip has risen by an eighth, and ends it after five rounds, that one included',
)
const RUSH = received('once a quantum, or every tenth packet, when packets rush')
const REST = pacer('lets two packets, or 2 ms of the rate, leave together after a rest, but never more than its cap')
const SKIPS = lies('at random, at least sixteen packets apart, and farther apart the larger the window')
const REMEMBERED = lies('and remembered, so many of so many SAs')
const NEAR = mtu('comes within 16 bytes of any path below Ethernet, with few probes')
const GIVEN_UP = mtu('gives up a size after three probes, and tries it again after ten minutes')
const WINDOWS = limits('of windows stop their growth')
const BUFFERED = limits('of what is buffered ask the writer to wait, then take no more, and tell when there is room')

export const TRANSPORT_CROSSINGS: Readonly<
  Record<keyof StreamConfig | keyof RecoveryConfig | 'streamEventsMax' | 'freezeStreamsMsMax', Elsewhere>
> = {
  freezeStreamsMsMax: at('transport-moves')('waits no longer than its limit for a peer that says nothing'),
  streamEventsMax: at('transport')(
    'tells no more at once than its owner should be told, and the rest when that is fetched',
  ),
  streamWindowBytesMax: WINDOWS,
  associationWindowBytesMax: WINDOWS,
  streamPiecesMax: limits('of pieces with gaps between them: one more is a violation'),
  streamsMax: limits('of our own streams hold whatever the peer allows'),
  sendHighWaterBytes: BUFFERED,
  waitingBytesMax: at('streams-budget')('is refused, and not acknowledged, until there is room again'),

  packetThreshold: recovery('when one sent three later has arrived, and not before'),
  timeThreshold: recovery('by time: 9/8 of the longer of the smoothed and the latest round trip after it left'),
  granularityMs: recovery('no later than a millisecond after its due time, where round trips are shorter than that'),
  initialRttMs: recovery('is 333 ms until it is measured, and then what RFC 9002 §5.3 makes of it'),
  ptoProbes: recovery('has two packets sent after a probe time-out, which doubles, and loses nothing'),
  ptoMsMax: recovery('is never answered less often than every ten seconds'),
  persistentCongestionThreshold: PERSISTENT,
  windowPacketsInitial: INITIAL,
  windowBytesInitial: INITIAL,
  windowPacketsMin: PERSISTENT,
  windowBytesMax: congestion('never grows beyond 2^40 bytes, though nothing is ever lost'),
  renoReduction: { file: 'test/links/recovery.test.ts', test: 'does as well with NewReno where there is no loss' },
  quietPackets: congestion('leaves 0.9 of the window, and 0.7 as soon as three packets of it may be queueing'),
  quietBeta: congestion('leaves 0.9 of the window, and 0.7 as soon as three packets of it may be queueing'),
  cubicBeta: congestion('leaves 0.7 of its window at a loss, and no less for others of the same round trip'),
  cubicC: congestion('after a loss at 3 MB falls to 0.7, flattens out where it was, and rises beyond'),
  hystartRiseMsMin: NOISE,
  hystartRiseMsMax: NOISE,
  hystartRttDivisor: HYSTART,
  hystartSamplesMin: HYSTART,
  hystartGrowthDivisor: HYSTART,
  hystartRounds: HYSTART,
  ackDelayMsMax: received('25 ms after a single packet, and at once after the second'),
  ackPackets: received('25 ms after a single packet, and at once after the second'),
  ackPacketsMax: RUSH,
  ackQuantumMs: RUSH,
  ackRangesMax: received('is no more than 64 ranges, the newest, whatever comes'),
  ackRangesElicit: received(
    'makes an end without data ask for acknowledgements once it has many ranges, and stop when it got one',
  ),
  spacesMax: received('is of so many SAs at most; the oldest goes'),
  pacingGainSlowStart: recovery('is a window and no more, and after an initial burst only as the pace allows'),
  pacingGain: pacer('reaches its rate though the timer wakes only every 1.15 ms'),
  pacingQuantumMs: pacer('says when to ask again exactly as integers do, a quantum from now at the earliest'),
  pacingBurstMs: REST,
  pacingBurstPacketsMin: REST,
  pacingBurstPacketsMax: REST,
  earlierPathMs: earlier('as one that nobody knows after 30 s, or eight other paths'),
  earlierPathsMax: earlier('as one that nobody knows after 30 s, or eight other paths'),
  sentPacketsMax: recovery('is nothing more with the store full; a probe then takes the place of the oldest packet'),
  sendTimesMax: recovery('is not measured by one that is no longer among the newest'),
  skippedNumbersMax: REMEMBERED,
  skipPacketsMin: SKIPS,
  skipWindowShare: SKIPS,
  mtuBaseBytes: mtu('starts at what every path carries'),
  mtuBytesMax: mtu('never uses more than it was told may be carried, nor less than the base, whatever happens'),
  packetBytesMax: {
    file: 'test/node/streams.test.ts',
    test: 'never uses a UDP payload longer than packetBytesMax, and one near it',
  },
  mtuSteps: NEAR,
  mtuFilledPackets: mtu('comes when eight packets were full and more was to be sent, on each path anew'),
  mtuBisectBytesMax: NEAR,
  mtuStepBytes: NEAR,
  mtuProbesMax: GIVEN_UP,
  mtuBlackHoleLosses: mtu('is one after three round trips of large packets lost, and then the base is used'),
  mtuBlackHolePtos: mtu('is one after six time-outs in a row too, but not where packets are small anyway'),
  mtuRaiseMs: GIVEN_UP,
}

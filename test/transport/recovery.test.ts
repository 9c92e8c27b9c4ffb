// Loss recovery behind its one door: the numbers of RFC 9002, moves, and every limit.

import { describe, expect, it } from 'vitest'
import { RECOVERY_DEFAULTS } from '../../src/core/transport/recovery-config.ts'
import { OTHER, Sender, SPACE, warm } from '../support/recovery-sender.ts'

const config = RECOVERY_DEFAULTS

describe('the round-trip time', () => {
  it('is 333 ms until it is measured, and then what RFC 9002 §5.3 makes of it', () => {
    const sender = new Sender()
    expect(sender.recovery.rtt.smoothedMs).toBe(333)
    expect(sender.recovery.rtt.ptoMs).toBe(333 + 4 * 166.5 + 25)
    sender.send(0)
    sender.ack(100, [[1, 1]], 20)
    // The first sample is taken whole, whatever the peer says it held back.
    expect(sender.recovery.rtt).toMatchObject({ latestMs: 100, minMs: 100, smoothedMs: 100 })
    expect(sender.recovery.rtt.ptoMs).toBe(100 + 4 * 50 + 25)
    sender.send(200)
    sender.ack(360, [[1, 2]], 20)
    expect(sender.recovery.rtt).toMatchObject({ latestMs: 160, minMs: 100, smoothedMs: 105 })
    expect(sender.recovery.rtt.ptoMs).toBe(105 + 4 * 47.5 + 25)
  })

  it('believes no more than 25 ms of delay, and none that would make it less than the least', () => {
    const sender = warm()
    sender.send(200)
    sender.ack(400, [[1, 2]], 1_000)
    expect(sender.recovery.rtt.smoothedMs).toBe(0.875 * 100 + 0.125 * 175)
    sender.send(1_000)
    const before = sender.recovery.rtt.smoothedMs
    sender.ack(1_110, [[1, 3]], 20)
    expect(sender.recovery.rtt.smoothedMs).toBe(0.875 * before + 0.125 * 110)
  })

  it('is measured only by the newest number that an acknowledgement names', () => {
    const sender = warm()
    sender.send(200)
    sender.send(200)
    sender.ack(250, [[3, 3]])
    expect(sender.recovery.rtt.latestMs).toBe(50)
    sender.ack(900, [[2, 3]])
    expect(sender.recovery.rtt.latestMs).toBe(50)
  })
})

describe('the round-trip time beside packets that need no acknowledgement', () => {
  it('is measured by the newest of them, when it is the newest number and something else is news', () => {
    const sender = warm()
    sender.send(200)
    sender.recovery.passed(230, SPACE, ++sender.highest)
    sender.ack(270, [[2, 3]])
    expect(sender.recovery.rtt.latestMs).toBe(40)
    sender.recovery.passed(300, SPACE, ++sender.highest)
    sender.ack(310, [[4, 4]])
    expect(sender.recovery.rtt.latestMs).toBe(40)
  })

  it('is measured once by each, and not by those of another SA or another path', () => {
    const sender = warm()
    for (const at of [200, 201]) sender.send(at)
    sender.recovery.passed(230, SPACE, ++sender.highest)
    sender.ack(270, [
      [4, 4],
      [2, 2],
    ])
    sender.ack(900, [[2, 4]])
    expect(sender.recovery.rtt.latestMs).toBe(40)
    sender.send(1_000)
    sender.recovery.passed(1_000, OTHER, ++sender.highest)
    sender.ack(1_100, [[5, 6]])
    expect(sender.recovery.rtt.latestMs).toBe(40)
    sender.recovery.passed(1_200, SPACE, ++sender.highest)
    sender.recovery.pathChanged('address')
    sender.send(1_300, { number: 7 })
    sender.ack(1_400, [[7, 8]])
    expect(sender.recovery.rtt.latestMs).toBeUndefined()
  })

  it('is not measured by one that is no longer among the newest', () => {
    const sender = warm()
    sender.send(200)
    const first = ++sender.highest
    sender.recovery.passed(200, SPACE, first)
    for (let n = 0; n < config.sendTimesMax; n++) sender.recovery.passed(200, SPACE, ++sender.highest)
    sender.ack(270, [[2, first]])
    expect(sender.recovery.rtt.latestMs).toBe(100)
  })
})

describe('a packet is lost', () => {
  it('when one sent three later has arrived, and not before', () => {
    const sender = new Sender()
    for (let n = 0; n < 4; n++) sender.send(0)
    expect(sender.ack(10, [[3, 3]])).toMatchObject({ acked: [3], lost: [] })
    expect(sender.ack(10, [[4, 4]])).toMatchObject({ acked: [4], lost: [1] })
  })

  it('across SAs too: what counts is the order of sending, not the numbers', () => {
    const sender = new Sender()
    sender.send(0, { space: SPACE, number: 1_000 })
    for (const number of [1, 2, 3]) sender.send(0, { space: OTHER, number })
    expect(sender.ack(10, [[1, 2]], 0, OTHER).lost).toEqual([])
    expect(sender.ack(10, [[3, 3]], 0, OTHER).lost).toEqual([1_000])
  })

  it('by time: 9/8 of the longer of the smoothed and the latest round trip after it left', () => {
    const sender = warm()
    sender.send(1_000)
    sender.send(1_001)
    sender.ack(1_101, [[3, 3]])
    expect(sender.recovery.deadline).toBe(1_112.5)
    expect(sender.expire(1_112)).toEqual({ lost: [], probes: 0 })
    expect(sender.expire(1_112.5)).toEqual({ lost: [2], probes: 0 })
    sender.send(2_000)
    sender.send(2_000)
    sender.ack(2_200, [[5, 5]])
    expect(sender.recovery.deadline).toBe(2_000 + 1.125 * 200)
  })

  it('no later than a millisecond after its due time, where round trips are shorter than that', () => {
    const sender = new Sender()
    sender.send(0)
    sender.ack(0.1, [[1, 1]])
    sender.send(1)
    sender.send(1)
    sender.ack(1.1, [[3, 3]])
    expect(sender.recovery.deadline).toBe(2)
  })

  it('once: an acknowledgement that comes later changes nothing', () => {
    const sender = new Sender()
    for (let n = 0; n < 5; n++) sender.send(0)
    expect(sender.ack(10, [[5, 5]]).lost).toEqual([1, 2])
    const before = sender.recovery.bytesInFlight
    expect(
      sender.ack(
        20,
        [
          [1, 2],
          [5, 5],
        ].reverse() as [number, number][],
      ),
    ).toEqual({ acked: [], lost: [], fault: false })
    expect(sender.recovery.bytesInFlight).toBe(before)
  })
})

describe('silence', () => {
  it('has two packets sent after a probe time-out, which doubles, and loses nothing', () => {
    const sender = warm()
    sender.send(1_000)
    const pto = sender.recovery.rtt.ptoMs
    let at = 1_000
    for (const times of [1, 2, 4, 8]) {
      expect(sender.recovery.deadline).toBe(at + times * pto)
      at = sender.recovery.deadline
      expect(sender.expire(at)).toEqual({ lost: [], probes: 2 })
    }
    expect(sender.recovery.oldest(2).flat()).toEqual([2])
    expect(sender.recovery.windowBytes).toBeGreaterThan(2 * 1_200)
    sender.ack(at + 1, [[2, 2]])
    sender.send(at + 1)
    expect(sender.recovery.deadline).toBe(at + 1 + sender.recovery.rtt.ptoMs)
  })

  it('is never answered less often than every ten seconds', () => {
    const sender = warm()
    sender.send(0)
    for (let n = 0; n < 60; n++) sender.expire(sender.recovery.deadline)
    const last = sender.recovery.deadline
    sender.expire(last)
    expect(sender.recovery.deadline - last).toBe(config.ptoMsMax)
  })

  it('is not waited for with nothing outstanding', () => {
    expect(new Sender().recovery.deadline).toBe(Infinity)
    expect(warm().recovery.deadline).toBe(Infinity)
  })

  it('makes packets small after two time-outs, in case the path has shrunk', () => {
    const sender = warm()
    sender.send(200, { bytes: 1_452, probe: 'mtu' })
    sender.ack(300, [[2, 2]])
    expect(sender.recovery.packetBytes).toBe(1_452)
    sender.send(300)
    sender.expire(sender.recovery.deadline)
    expect(sender.recovery.packetBytes).toBe(1_452)
    sender.expire(sender.recovery.deadline)
    expect(sender.recovery.packetBytes).toBe(1_200)
  })
})

describe('persistent congestion', () => {
  /** The scenario of RFC 9002 §7.6.3 in units of 1,000 ms, once a round trip has been measured. */
  function scenario(sent: readonly number[], acked: number) {
    const sender = new Sender()
    sender.send(0)
    sender.ack(1_975 / 3, [[1, 1]])
    expect(sender.recovery.rtt.ptoMs).toBeCloseTo(2_000)
    for (const at of sent) sender.send(1_000 + at * 1_000)
    const outcome = sender.ack(1_000 + 12_900, [[acked, acked]])
    return { lost: outcome.lost, window: sender.recovery.windowBytes, minMs: sender.recovery.rtt.minMs }
  }

  it('is a row of losses that lasts longer than three time-outs, and leaves two packets of window', () => {
    const { lost, window, minMs } = scenario([1, 2, 3, 4, 5, 6, 8, 12], 9)
    expect(lost).toEqual([2, 3, 4, 5, 6, 7, 8])
    expect(minMs).toBe(900)
    expect(window).toBeLessThan(3 * 1_200 + 1)
  })

  it('is none when the row is shorter, or a packet between has arrived', () => {
    expect(scenario([1, 2, 3, 4, 5, 6, 6.5, 12], 9).window).toBeGreaterThan(5 * 1_200)
    const sender = warm()
    const span = 3 * sender.recovery.rtt.ptoMs + 500
    for (let n = 0; n <= 10; n++) sender.send(200 + (n * span) / 10)
    sender.ack(200 + span + 100, [
      [12, 12],
      [7, 7],
    ])
    expect(sender.recovery.windowBytes).toBeGreaterThan(5 * 1_200)
  })

  it('is none when a probe of the MTU between has arrived, and is one when it was lost like the others', () => {
    const [arrived, lost] = [true, false].map((arrives) => {
      const sender = warm()
      const span = 3 * sender.recovery.rtt.ptoMs + 500
      for (let n = 0; n <= 10; n++) sender.send(200 + (n * span) / 10, n === 5 ? { bytes: 1_452, probe: 'mtu' } : {})
      sender.ack(
        200 + span + 100,
        arrives
          ? [
              [12, 12],
              [7, 7],
            ]
          : [[12, 12]],
      )
      return sender.recovery.windowBytes
    })
    expect(arrived).toBeGreaterThan(5 * 1_200)
    expect(lost).toBeLessThanOrEqual(3 * 1_200)
  })

  it('is none without a round trip measured before', () => {
    const sender = new Sender()
    for (let n = 0; n < 12; n++) sender.send(n * 1_000)
    sender.ack(11_050, [[12, 12]])
    expect(sender.recovery.windowBytes).toBeGreaterThan(5 * 1_200)
  })

  it('is never declared by a timer', () => {
    const sender = warm()
    for (let n = 0; n < 12; n++) {
      sender.send(200 + n * 1_000)
      sender.expire(200 + n * 1_000 + 999)
    }
    expect(sender.recovery.windowBytes).toBeGreaterThan(5 * 1_200)
  })
})

describe('a probe of the MTU', () => {
  it('that is lost is no sign of congestion', () => {
    const sender = warm({ mtuFilledPackets: 1 })
    const window = sender.recovery.windowBytes
    sender.send(200, { bytes: 1_452, probe: 'mtu' })
    for (let n = 0; n < 3; n++) sender.send(200, { bytes: 100 })
    expect(sender.ack(300, [[5, 5]]).lost).toEqual([2])
    expect(sender.recovery.windowBytes).toBeGreaterThanOrEqual(window)
    expect(sender.recovery.mtu.probe(300)).toBe(1_452)
  })

  it('that arrives makes packets larger', () => {
    const sender = warm()
    sender.send(200, { bytes: 1_452, probe: 'mtu' })
    sender.ack(300, [[2, 2]])
    expect(sender.recovery.packetBytes).toBe(1_452)
  })
})

describe('a move', () => {
  it('of the port alone keeps everything', () => {
    const sender = warm()
    sender.send(200)
    const { windowBytes, bytesInFlight, deadline } = sender.recovery
    sender.recovery.pathChanged('port')
    expect(sender.recovery).toMatchObject({ windowBytes, bytesInFlight, deadline })
    expect(sender.recovery.rtt.smoothedMs).toBe(100)
  })

  it('to another address starts window, round trip and MTU afresh, and packets before it say nothing about it', () => {
    const sender = warm()
    for (let n = 0; n < 20; n++) sender.send(200)
    sender.ack(300, [[1, 15]])
    sender.recovery.pathChanged('address')
    expect(sender.recovery).toMatchObject({ windowBytes: 12_000, bytesInFlight: 0, packetBytes: 1_200 })
    expect(sender.recovery.rtt.latestMs).toBeUndefined()
    const { acked, lost } = sender.ack(5_000, [[20, 21]])
    expect(acked).toEqual([20, 21])
    expect(lost).toEqual([16, 17, 18, 19])
    expect(sender.recovery.rtt.latestMs).toBeUndefined()
    expect(sender.recovery).toMatchObject({ windowBytes: 12_000, bytesInFlight: 0 })
    sender.send(6_000)
    sender.ack(6_040, [[22, 22]])
    expect(sender.recovery.rtt.smoothedMs).toBe(40)
    expect(sender.recovery.windowBytes).toBe(13_200)
  })

  it('to another host gives back all that is outstanding, once, and forgets the numbers of before', () => {
    const sender = warm()
    for (let n = 0; n < 5; n++) sender.send(200)
    sender.ack(300, [[3, 3]])
    expect(sender.recovery.restart().flat()).toEqual([2, 4, 5, 6])
    expect(sender.recovery.restart()).toEqual([])
    expect(sender.recovery).toMatchObject({ windowBytes: 12_000, bytesInFlight: 0, outstanding: 0, deadline: Infinity })
    expect(sender.ack(400, [[4, 6]])).toEqual({ acked: [], lost: [], fault: false })
    sender.send(500, { number: 1, space: OTHER })
    expect(sender.recovery.outstanding).toBe(1)
  })

  it('of keys gives back what the old SA had outstanding, and keeps the rest', () => {
    const sender = warm()
    sender.send(200)
    sender.send(200, { space: OTHER, number: 1 })
    sender.send(200)
    expect(sender.recovery.dropSpace(SPACE).flat()).toEqual([2, 3])
    expect(sender.recovery).toMatchObject({ outstanding: 1, bytesInFlight: 1_200 })
    expect(sender.ack(300, [[1, 1]], 0, OTHER).acked).toEqual([1])
  })
})

describe('what may be sent', () => {
  it('is a window and no more, and after an initial burst only as the pace allows', () => {
    const sender = new Sender()
    let sent = 0
    while (sender.recovery.maySend(0, 1_200)) sent = sender.send(0)
    expect(sent).toBe(10)
    expect(sender.recovery.deadline).toBe(config.initialRttMs + 4 * (config.initialRttMs / 2) + 25)
    sender.ack(100, [[1, 10]])
    while (sender.recovery.maySend(100, 1_200)) sent = sender.send(100)
    expect(sent).toBeLessThan(20)
    expect(sender.recovery.deadline).toBeGreaterThanOrEqual(101)
    expect(sender.recovery.deadline).toBeLessThan(110)
    const due = sender.recovery.deadline
    sender.recovery.expire(due)
    expect(sender.recovery.maySend(due, 1_200)).toBe(true)
  })

  it('is a probe of the MTU though the window is full, because it would never leave otherwise', () => {
    const sender = new Sender()
    while (sender.recovery.maySend(0, 1_200)) sender.send(0)
    expect(sender.recovery.maySend(0, 65_507)).toBe(true)
    expect(sender.recovery.maySend(0, 1_200)).toBe(false)
  })

  it('grows for what left while the window was full, and not for what left when there was no more to send', () => {
    const sender = new Sender()
    for (let n = 0; n < 10; n++) sender.send(0)
    sender.ack(100, [[1, 1]])
    sender.send(100, { appLimited: true })
    sender.ack(110, [[2, 10]])
    expect(sender.recovery.windowBytes).toBe(12_000 + 10 * 1_200)
    sender.ack(200, [[11, 11]])
    expect(sender.recovery.windowBytes).toBe(12_000 + 10 * 1_200)
  })

  it('is less while datagrams leave, which nothing holds', () => {
    const sender = warm()
    for (let n = 0; n < 100; n++) sender.recovery.spendDatagram(200, 1_200)
    expect(sender.recovery.maySend(200, 1_200)).toBe(false)
    expect(sender.recovery.deadline).toBeLessThan(300)
  })

  it('is nothing more with the store full; a probe then takes the place of the oldest packet', () => {
    const sender = warm({ sentPacketsMax: 4 })
    for (let n = 0; n < 4; n++) {
      expect(sender.recovery.maySend(200, 10)).toBe(true)
      sender.send(200, { bytes: 10 })
    }
    expect(sender.recovery.maySend(200, 10)).toBe(false)
    expect(sender.expire(sender.recovery.deadline)).toEqual({ lost: [2, 3], probes: 2 })
    expect(sender.recovery).toMatchObject({ outstanding: 2, bytesInFlight: 20 })
  })
})

// The single door: what it asks and what it refuses (MOVING §1, §4). That no order of events lets two through: start-orders.test.ts.

import { describe, expect, it } from 'vitest'
import { EPOCH_MAX } from '../../src/core/moving/fields.ts'
import { applyActivate, applyClaim, applyStart, type LedgerRecord } from '../../src/core/moving/record.ts'
import {
  beginStart,
  type Started,
  type StartInput,
  type StartKeys,
  type StartOutput,
  type StartPlan,
  type StartStep,
  stepStart,
} from '../../src/core/moving/start.ts'
import { Identity } from '../../src/crypto/identity.ts'
import { incarnationOf } from '../../src/crypto/keymat.ts'
import {
  activate,
  claim,
  grant,
  HOST_A,
  HOST_B,
  HOST_C,
  heldByA,
  LEDGER,
  mustActivate,
  mustClaim,
  seeded,
  X,
} from '../support/actors.ts'
import { ABORT_A, FRESH, THAW_B } from '../support/start-world.ts'

const keysOf = (host: Identity, seed = 9): StartKeys => ({ host, identity: X, entropy: seeded(seed) })

/** A ledger that answers every question at once. */
class Bench {
  record: LedgerRecord | undefined
  readonly asked: StartOutput[] = []
  now = 0
  /** Called before each answer: others may act then. */
  meddle: (output: StartOutput) => void = () => undefined

  constructor(record?: LedgerRecord) {
    this.record = record
  }

  answer(output: StartOutput): StartInput {
    this.asked.push(output)
    this.meddle(output)
    if (output.type === 'read') return { type: 'read', ask: output.ask, record: this.record }
    if (output.type === 'claim') {
      const reply = applyClaim(this.record, output.request)
      this.record = reply.record
      return { type: 'claimed', ask: output.ask, reply }
    }
    if (output.type === 'start') {
      const reply = applyStart(this.record, output.claim, output.activate, LEDGER, 0)
      this.record = reply.reply.record
      return { type: 'answered', ask: output.ask, reply }
    }
    if (output.type !== 'activate') throw new Error('no question')
    const reply = applyActivate(this.record, output.request, LEDGER, 0)
    this.record = reply.record
    return { type: 'activated', ask: output.ask, reply }
  }

  run(plan: StartPlan, keys: StartKeys): Started | string {
    let step = beginStart(plan, this.now)
    for (let steps = 0; steps < 200; steps++) {
      const { phase } = step.state
      if (phase.name === 'started') return phase.started
      if (phase.name === 'refused') return phase.why
      const [output] = step.outputs
      this.now = output === undefined ? step.state.wakeAt : this.now
      step = stepStart(step.state, output === undefined ? { type: 'wake' } : this.answer(output), this.now, keys)
    }
    throw new Error('a start does not end')
  }
}

describe('a start that nobody disputes', () => {
  it('creates the record of a new identity and takes epoch 1', () => {
    const started = new Bench().run(FRESH, keysOf(HOST_A))
    expect(started).toMatchObject({ epoch: 1, base: undefined, ledger: LEDGER.publicKey })
  })

  it('takes an epoch above the record, the capsule and every receipt seen', () => {
    expect(new Bench().run({ ...FRESH, seen: 41 }, keysOf(HOST_A))).toMatchObject({ epoch: 42 })
    const claimedUpTo9 = mustClaim(heldByA(), claim({ host: HOST_A, epoch: 9 }))
    expect(new Bench(claimedUpTo9).run(FRESH, keysOf(HOST_A))).toMatchObject({ epoch: 10 })
  })

  it('resumes from the capsule with a grant, and draws the instance key its receipt names', () => {
    const started = new Bench(heldByA()).run(THAW_B, keysOf(HOST_B))
    if (typeof started === 'string') throw new Error(started)
    expect(started).toMatchObject({ epoch: 2, base: 1 })
    const instance = Identity.fromSecret('ed25519', started.secret)
    expect(incarnationOf(instance.publicKey.bytes)).toEqual(started.incarnation)
  })

  it('takes back what it granted, by a claim of its own', () => {
    expect(new Bench(heldByA()).run(ABORT_A, keysOf(HOST_A))).toMatchObject({ epoch: 2, base: 1 })
  })

  it('draws its instance key no earlier than the activation', () => {
    const lengths: number[] = []
    const keys = {
      ...keysOf(HOST_A),
      entropy: (length: number) => {
        lengths.push(length)
        return new Uint8Array(length).fill(7)
      },
    }
    const read = stepStart(beginStart(FRESH, 0).state, { type: 'read', ask: 1, record: undefined }, 0, keys)
    expect(lengths).not.toContain(32)
    const [question] = read.outputs
    if (question?.type !== 'claim') throw new Error('no claim')
    const reply = applyClaim(undefined, question.request)
    stepStart(read.state, { type: 'claimed', ask: question.ask, reply }, 0, keys)
    expect(lengths).toContain(32)
  })
})

describe('a start is refused', () => {
  const usedByB = mustActivate(
    mustClaim(heldByA(), claim({ host: HOST_B, epoch: 2, grant: grant(HOST_A, HOST_B, 1) })),
    activate(HOST_B, 2, 2),
  )

  it.each<[string, string, StartPlan, Identity, LedgerRecord | undefined]>([
    ['used', 'with a capsule that has been thawed', THAW_B, HOST_B, usedByB],
    ['used', 'when an abort comes after the thaw', ABORT_A, HOST_A, usedByB],
    ['older', 'with the capsule before the last', THAW_B, HOST_B, again(usedByB)],
    ['unknown', 'with a capsule from another ledger', { ...THAW_B, base: 5 }, HOST_B, heldByA()],
    ['unknown', 'with a capsule and an empty ledger', THAW_B, HOST_B, undefined],
    ['not-yours', "with somebody else's grant", THAW_B, HOST_C, heldByA()],
    ['not-yours', 'with a capsule and no grant', { ...THAW_B, grant: undefined }, HOST_C, heldByA()],
    ['not-holder', 'with a copied identity file on another host', FRESH, HOST_C, heldByA()],
    ['exhausted', 'when epochs have run out', { ...FRESH, seen: EPOCH_MAX }, HOST_A, heldByA()],
  ])('as %s %s', (why, _, plan, host, record) => {
    const bench = new Bench(record)
    expect(bench.run(plan, keysOf(host))).toBe(why)
    expect(bench.record?.activated).toEqual(record?.activated)
  })

  it('as bad-receipt when the ledger is not the pinned one', () => {
    expect(new Bench().run({ ...FRESH, ledger: HOST_C.publicKey }, keysOf(HOST_A))).toBe('bad-receipt')
  })

  it('as alive, with the ledger saying who', () => {
    const asked = stepStart(beginStart(FRESH, 0).state, { type: 'read', ask: 1, record: heldByA() }, 0, keysOf(HOST_A))
    const reply = { refused: 'alive' as const, record: heldByA(), detail: 'process 4711 runs it' }
    const { outputs } = stepStart(asked.state, { type: 'claimed', ask: 2, reply }, 0, keysOf(HOST_A))
    expect(outputs).toEqual([{ type: 'refused', why: 'alive', detail: 'process 4711 runs it' }])
  })

  it('when the last activated epoch has moved between reading and claiming, although the claim itself was lawful', () => {
    // Host A thaws its own capsule of epoch 1 while another process of host A restarts the identity.
    const bench = new Bench(mustClaim(heldByA(), claim({ host: HOST_A, epoch: 2 })))
    bench.meddle = ({ type }) => {
      if (type === 'claim' && bench.record) bench.record = mustActivate(bench.record, activate(HOST_A, 2, 3))
      bench.meddle = type === 'claim' ? () => undefined : bench.meddle
    }
    expect(bench.run(ABORT_A, keysOf(HOST_A))).toBe('used')
    expect(bench.record?.activated?.epoch).toBe(2)
  })

  function again(record: LedgerRecord): LedgerRecord {
    return mustActivate(mustClaim(record, claim({ host: HOST_B, epoch: 3, nonce: 3 })), activate(HOST_B, 3, 3))
  }
})

describe('a ledger that does not answer', () => {
  it('is asked the same again, byte for byte, after growing pauses, and given up after the patience', () => {
    const keys = keysOf(HOST_A)
    let step: StartStep = stepStart(
      beginStart(FRESH, 0, 20_000).state,
      { type: 'read', ask: 1, record: undefined },
      0,
      keys,
    )
    const claims: string[] = []
    const gaps: number[] = []
    let now = 0
    let last = 0
    while (step.state.phase.name === 'claiming') {
      for (const output of step.outputs) {
        if (output.type === 'claim') {
          claims.push(Buffer.from(output.request.claim).toString('hex'))
          gaps.push(now - last)
          last = now
        }
      }
      now = step.state.wakeAt
      step = stepStart(step.state, { type: 'wake' }, now, keys)
    }
    expect(step.outputs).toMatchObject([{ type: 'refused', why: 'unavailable' }])
    expect(now).toBe(20_000)
    expect(new Set(claims).size).toBe(1)
    expect(claims.length).toBeGreaterThan(4)
    expect(Math.max(...gaps)).toBeLessThan(3_100)
  })

  it('is never given up once a frozen state is to be activated: it may have done so, and the state would be lost', () => {
    const keys = keysOf(HOST_B)
    const bench = new Bench(heldByA())
    let step: StartStep = beginStart(THAW_B, 0)
    for (const kind of ['read', 'claim'] as const) {
      const [question] = step.outputs
      if (question?.type !== kind) throw new Error(`no ${kind}`)
      step = stepStart(step.state, bench.answer(question), 0, keys)
    }
    const asked = step.outputs.slice()
    if (asked[0] !== undefined) bench.answer(asked[0]) // carried out, and the reply lost
    for (let wakes = 0; wakes < 100; wakes++) {
      const { wakeAt } = step.state
      step = stepStart(step.state, { type: 'wake' }, wakeAt, keys)
      expect(step.state.wakeAt).toBeGreaterThan(wakeAt)
      asked.push(...step.outputs)
    }
    expect(new Set(asked.map(({ type }) => type))).toEqual(new Set(['activate']))
    expect(step.state.wakeAt).toBeGreaterThan(60_000)
    const last = asked.at(-1)
    if (last?.type !== 'activate') throw new Error('no question')
    step = stepStart(step.state, bench.answer(last), step.state.wakeAt, keys)
    expect(step.state.phase).toMatchObject({ name: 'started', started: { epoch: 2, base: 1 } })
  })

  it('is not given up either when it was asked for both in one step and has not answered', () => {
    const keys = keysOf(HOST_B)
    const bench = new Bench(heldByA())
    let step = stepStart(
      beginStart({ ...THAW_B, together: true }, 0).state,
      { type: 'read', ask: 1, record: heldByA() },
      0,
      keys,
    )
    const [first] = step.outputs
    if (first?.type !== 'start') throw new Error('no start')
    for (let wakes = 0; wakes < 100; wakes++) {
      step = stepStart(step.state, { type: 'wake' }, step.state.wakeAt, keys)
    }
    expect(step.state.phase.name).toBe('starting')
    while (step.outputs.length === 0) step = stepStart(step.state, { type: 'wake' }, step.state.wakeAt, keys)
    const [last] = step.outputs
    if (last?.type !== 'start') throw new Error('no question')
    expect(last.activate).toEqual(first.activate)
    step = stepStart(step.state, bench.answer(last), step.state.wakeAt, keys)
    expect(step.state.phase).toMatchObject({ name: 'started', started: { epoch: 2, base: 1 } })
  })

  it('is given up, and the capsule still good, when it was asked for both and says each time that it did nothing', () => {
    const keys = keysOf(HOST_B)
    let now = 0
    let step = stepStart(
      beginStart({ ...THAW_B, together: true }, now).state,
      { type: 'read', ask: 1, record: heldByA() },
      now,
      keys,
    )
    while (step.state.phase.name === 'starting') {
      const [question] = step.outputs
      now = question === undefined ? step.state.wakeAt : now
      const input: StartInput = question?.type === 'start' ? { type: 'failed', ask: question.ask } : { type: 'wake' }
      step = stepStart(step.state, input, now, keys)
    }
    expect(step.outputs).toMatchObject([{ type: 'refused', why: 'unavailable' }])
    expect(now).toBeLessThan(20_000)
    expect(new Bench(heldByA()).run({ ...THAW_B, together: true }, keysOf(HOST_B, 10))).toMatchObject({ epoch: 2 })
  })

  it('is given up by a start that resumes nothing, whatever was asked: it may claim again', () => {
    const keys = keysOf(HOST_A)
    const bench = new Bench(heldByA())
    let step: StartStep = beginStart(FRESH, 0)
    for (const kind of ['read', 'claim'] as const) {
      const [question] = step.outputs
      if (question?.type !== kind) throw new Error(`no ${kind}`)
      step = stepStart(step.state, bench.answer(question), 0, keys)
    }
    while (step.state.phase.name === 'activating') {
      for (const question of step.outputs) bench.answer(question)
      step = stepStart(step.state, { type: 'wake' }, step.state.wakeAt, keys)
    }
    expect(step.outputs).toMatchObject([{ type: 'refused', why: 'unavailable' }])
    expect(bench.run(FRESH, keysOf(HOST_A, 10))).toMatchObject({ epoch: 3 })
  })

  it('may have done what was asked: the repeated question gets the same epoch and receipt', () => {
    const keys = keysOf(HOST_A)
    const bench = new Bench()
    let step = stepStart(beginStart(FRESH, 0).state, { type: 'read', ask: 1, record: undefined }, 0, keys)
    for (const kind of ['claim', 'activate'] as const) {
      const [question] = step.outputs
      if (question?.type !== kind) throw new Error(`no ${kind}`)
      bench.answer(question) // carried out, and the reply lost
      step = stepStart(step.state, { type: 'failed', ask: question.ask }, 1, keys)
      expect(step.outputs).toEqual([])
      step = stepStart(step.state, { type: 'wake' }, step.state.wakeAt, keys)
      const [repeated] = step.outputs
      if (repeated?.type !== kind) throw new Error(`no second ${kind}`)
      expect(repeated.request).toEqual(question.request)
      step = stepStart(step.state, bench.answer(repeated), step.state.wakeAt, keys)
    }
    expect(step.state.phase).toMatchObject({ name: 'started', started: { epoch: 1 } })
    expect(bench.record?.version).toBe(2)
  })

  it('that takes claim and activation as one change makes one version, and gives its receipt again', () => {
    const keys = keysOf(HOST_A)
    const bench = new Bench()
    const begun = beginStart({ ...FRESH, together: true }, 0)
    const step = stepStart(begun.state, { type: 'read', ask: 1, record: undefined }, 0, keys)
    const [question] = step.outputs
    if (question?.type !== 'start') throw new Error('no start')
    bench.answer(question) // carried out, and the reply lost
    expect(bench.record).toMatchObject({ version: 1, epoch: 1, activated: { epoch: 1 } })
    const first = bench.record
    // Others claim in the meantime; the start that was granted is told so all the same.
    bench.record = mustClaim(bench.record as LedgerRecord, claim({ host: HOST_A, epoch: 2 }))
    const again = stepStart(step.state, bench.answer(question), 1, keys)
    expect(again.state.phase).toMatchObject({ name: 'started', started: { receipt: first?.activated?.receipt } })
  })

  it('that takes both as one change refuses both or neither', () => {
    const bench = new Bench(heldByA())
    expect(bench.run({ ...THAW_B, together: true }, keysOf(HOST_C))).toBe('not-yours')
    expect(bench.record).toEqual(heldByA())
    expect(bench.run({ ...THAW_B, together: true }, keysOf(HOST_B))).toMatchObject({ epoch: 2, base: 1 })
    expect(bench.record).toMatchObject({ epoch: 2, activated: { epoch: 2, previous: 1 } })
    expect(bench.run({ ...THAW_B, together: true }, keysOf(HOST_B))).toBe('used')
  })

  it('that answers late or twice changes nothing', () => {
    const keys = keysOf(HOST_A)
    const first = beginStart(FRESH, 0)
    const claiming = stepStart(first.state, { type: 'read', ask: 1, record: undefined }, 0, keys)
    expect(stepStart(claiming.state, { type: 'read', ask: 1, record: heldByA() }, 0, keys)).toEqual({
      state: claiming.state,
      outputs: [],
    })
    expect(stepStart(claiming.state, { type: 'failed', ask: 1 }, 0, keys).state).toBe(claiming.state)
  })
})

describe('contenders', () => {
  it('pause for different times', () => {
    const stale = { refused: 'stale' as const, record: heldByA() }
    const wakes = [1, 2, 3, 4, 5, 6].map((seed) => {
      const keys = keysOf(HOST_A, seed)
      const claiming = stepStart(beginStart(FRESH, 0).state, { type: 'read', ask: 1, record: heldByA() }, 0, keys)
      return stepStart(claiming.state, { type: 'claimed', ask: 2, reply: stale }, 0, keys).state.wakeAt
    })
    expect(new Set(wakes).size).toBeGreaterThan(3)
  })

  it('that lose every race give up as lost', () => {
    const bench = new Bench(heldByA())
    bench.meddle = ({ type }) => {
      const epoch = (bench.record?.epoch ?? 0) + 1
      if (type === 'activate' && bench.record) bench.record = mustClaim(bench.record, claim({ host: HOST_A, epoch }))
    }
    expect(bench.run(THAW_B, keysOf(HOST_B))).toBe('lost')
    expect(bench.record?.activated?.epoch).toBe(1)
  })
})

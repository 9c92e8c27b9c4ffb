// One duty that an RFC lays on somebody, and what holds us to it. The rows are in requirements/, in the order of the texts, one
// for every MUST, MUST NOT, REQUIRED and SHALL; test/oracles/requirements.test.ts counts them against the texts.

/** The words that make a row. What a text only recommends has none. */
export type Level = 'MUST' | 'MUST NOT' | 'REQUIRED' | 'SHALL'

/** On whom the duty lies, as the text names it. */
export type Subject =
  | 'host'
  | 'sender'
  | 'receiver'
  | 'initiator'
  | 'responder'
  | 'registrar'
  | 'requester'
  | 'rendezvous server'
  | 'middlebox'
  | 'router'
  | 'author'

/** A test that fails if the duty is not done: its file, and its full name as it stands there, of describe and it. */
export interface TestName {
  readonly file: string
  readonly name: string
}

/** What holds a duty: tests, or why there is nothing to test here, or what has to be built first. */
export type Held =
  | { readonly by: 'tests'; readonly tests: readonly TestName[] }
  | { readonly by: 'reason'; readonly reason: string }
  | { readonly by: 'nothing yet'; readonly missing: string }

export interface Requirement {
  readonly level: Level
  readonly subject: Subject
  /** The duty, in our own words. */
  readonly says: string
  readonly held: Held
}

/** The duties of one section, in the order in which it states them. */
export interface Section {
  readonly rfc: number
  readonly section: string
  readonly title: string
  readonly requirements: readonly Requirement[]
}

/** A row and its name, such as `RFC 7401 §5.2.1 (3)`: the third duty of that section. */
export interface Row extends Requirement {
  readonly id: string
}

export function rowsOf(sections: readonly Section[]): readonly Row[] {
  return sections.flatMap(({ rfc, section, requirements }) =>
    requirements.map((requirement, index) => ({ id: `RFC ${rfc} §${section} (${index + 1})`, ...requirement })),
  )
}

// ── How rows are written ──────────────────────────────────────────────────────

/** Sections of one RFC. */
export function sectionsOf(rfc: number) {
  return (section: string, title: string, requirements: readonly Requirement[]): Section => ({
    rfc,
    section,
    title,
    requirements,
  })
}

export function must(subject: Subject, says: string, ...held: readonly (TestName | Held)[]): Requirement {
  return { level: 'MUST', subject, says, held: together(held) }
}

export function mustNot(subject: Subject, says: string, ...held: readonly (TestName | Held)[]): Requirement {
  return { level: 'MUST NOT', subject, says, held: together(held) }
}

export function required(subject: Subject, says: string, ...held: readonly (TestName | Held)[]): Requirement {
  return { level: 'REQUIRED', subject, says, held: together(held) }
}

export function shall(subject: Subject, says: string, ...held: readonly (TestName | Held)[]): Requirement {
  return { level: 'SHALL', subject, says, held: together(held) }
}

/** Tests of one file: `const PACKET = testsIn('test/wire/packet.test.ts')`, then `PACKET('decodePacket > copies nothing')`. */
export function testsIn(file: string): (name: string) => TestName {
  return (name) => ({ file, name })
}

/** Why a duty has no test: nobody here is in the position to do it or to break it. */
export function notOurs(reason: string): Held {
  return { by: 'reason', reason }
}

/** A duty that cannot be done yet. It is printed and counted as open. */
export function open(missing: string): Held {
  return { by: 'nothing yet', missing }
}

function together(held: readonly (TestName | Held)[]): Held {
  const [other] = held.filter((one) => 'by' in one)
  return other ?? { by: 'tests', tests: held.filter((one) => 'file' in one) }
}

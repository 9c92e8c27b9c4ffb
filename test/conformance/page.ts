// docs/CONFORMANCE.md, made of the table. `npm run conformance` writes it, and a stale one fails.

import { type Held, type Requirement, type Row, rowsOf, type Section } from './requirement.ts'

export const PAGE_PATH = 'docs/CONFORMANCE.md'

const OPENING = `# Conformance

One row for every MUST, MUST NOT, REQUIRED and SHALL of RFC 7401 (HIPv2), RFC 7402 (ESP), RFC 8046 (mobility), RFC 7343 (ORCHIDs) and RFC 8003
(registration), in their order, in our own words. What they only recommend has no row. A row names the tests that fail if its duty is not done, or
says why there is nothing to test; what is still to be built is **open**.

This page is made by \`npm run conformance\` from \`test/conformance/requirements\`; do not edit it. \`test/conformance/requirements.test.ts\` fails if it is
stale, has an open row or names a test that is not there, \`test/oracles/requirements.test.ts\` if a duty of the texts has no row, and \`test/conformance/sabotage.test.ts\`
breaks the code under forty rows drawn by lot and sees that their tests notice.
`

/** The whole page. */
export function conformancePage(sections: readonly Section[]): string {
  const rfcs = [...new Set(sections.map(({ rfc }) => rfc))]
  const chapters = rfcs.map((rfc) =>
    chapter(
      rfc,
      sections.filter((section) => section.rfc === rfc),
    ),
  )
  return `${[OPENING, summary(rfcs, sections), ...chapters].join('\n')}`
}

function summary(rfcs: readonly number[], sections: readonly Section[]): string {
  const line = (name: string, rows: readonly Row[]): string => {
    const count = (by: Held['by']) => rows.filter(({ held }) => held.by === by).length
    return `| ${name} | ${rows.length} | ${count('tests')} | ${count('reason')} | ${count('nothing yet')} |`
  }
  const each = rfcs.map((rfc) => line(`RFC ${rfc}`, rowsOf(sections.filter((section) => section.rfc === rfc))))
  return [
    '| | rows | tested | not ours | open |',
    '|---|---|---|---|---|',
    ...each,
    line('together', rowsOf(sections)),
    '',
  ].join('\n')
}

function chapter(rfc: number, sections: readonly Section[]): string {
  return [`## RFC ${rfc}`, '', ...sections.map(table)].join('\n')
}

function table({ section, title, requirements }: Section): string {
  const lines = requirements.map((requirement, index) => `| ${index + 1} | ${cells(requirement)} |`)
  const head = ['| | | who | duty | held by |', '|---|---|---|---|---|']
  return [`### §${section} ${title}`, '', ...head, ...lines, ''].join('\n')
}

function cells({ level, subject, says, held }: Requirement): string {
  return [level, subject, says, heldBy(held)].join(' | ')
}

function heldBy(held: Held): string {
  if (held.by === 'reason') return held.reason
  if (held.by === 'nothing yet') return `**open**: ${held.missing}`
  return held.tests.map(({ file, name }) => `\`${file}\`: *${name.split(' > ').at(-1)}*`).join('; ')
}

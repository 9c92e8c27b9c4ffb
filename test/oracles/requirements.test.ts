// The table of duties against the texts of the RFCs themselves: every MUST, MUST NOT, REQUIRED and SHALL of every section has a
// row, in the order of the text.

import { describe, expect, it } from 'vitest'
import { SECTIONS } from '../conformance/requirements.ts'
import { sharedText } from '../support/shared.ts'

const LEVEL = /\b(MUST NOT|MUST|REQUIRED|SHALL NOT|SHALL)\b/g
/** The paragraph that explains these words. It uses them all and demands nothing. */
const EXPLANATION = /The key words.*?RFC ?2119\]/
/** `5.2.1.  TLV Format`, with the page numbers of the table of contents left aside. */
const HEADING = /^ ?(?:Appendix )?((?:\d+|[A-F])(?:\.\d+)*)\. {1,2}\S/
const CONTENTS = /\. ?\.|\.{3}/
const PAGE_BREAK = /^RFC \d{4}\s|\[Page \d+\]\s*$/

/** The levels of the duties of each section that has any, in their order. */
function duties(text: string): Record<string, readonly string[]> {
  const sections = new Map<string, string>()
  let current = ''
  for (const line of text.split(/[\n\f]/)) {
    if (PAGE_BREAK.test(line)) continue
    if (!CONTENTS.test(line)) current = HEADING.exec(line)?.[1] ?? current
    sections.set(current, `${sections.get(current) ?? ''} ${line}`)
  }
  return Object.fromEntries(
    [...sections].flatMap(([section, lines]) => {
      const words = lines.replaceAll(/\s+/g, ' ').replace(EXPLANATION, '').match(LEVEL)
      return words === null ? [] : [[section, [...words]]]
    }),
  )
}

describe.each([...new Set(SECTIONS.map(({ rfc }) => rfc))])('RFC %i', (rfc) => {
  it('has a row for each of its duties, section by section, and no other', () => {
    const rows = SECTIONS.filter((section) => section.rfc === rfc)
    const listed = rows.map(({ section, requirements }) => [section, requirements.map(({ level }) => level)])
    expect(Object.fromEntries(listed)).toEqual(duties(sharedText(`rfc/rfc${rfc}.txt`)))
  })
})

describe('the table of duties', () => {
  it('has the five RFCs', () => {
    expect([...new Set(SECTIONS.map(({ rfc }) => rfc))]).toEqual([7401, 7402, 8046, 7343, 8003])
  })
})

// Every parameter that has a number has a codec, a drawing above it, and a row in PROTOCOL.

import { describe, expect, it } from 'vitest'
import { parameterName } from '../../src/wire/parameters.ts'
import { Parameter } from '../../src/wire/registry.ts'
import { filesUnder, readText } from '../support/tree.ts'

interface Drawing {
  readonly path: string
  readonly lines: readonly string[]
  /** The first line of code behind it. */
  readonly below: string
}

/** Blocks of comment that name parameters in their first line, as `NAME (number)`, and draw boxes. */
function drawingsIn({ path, text }: { path: string; text: string }): Drawing[] {
  const lines = text.split('\n')
  return lines.flatMap((line, first) => {
    if (!/^\/\/ [A-Z0-9_]+ \(\d+\)/.test(line)) return []
    let end = first
    while (lines[end]?.startsWith('//') === true) end++
    const below = lines.slice(end).find((next) => /^export function/.test(next)) ?? ''
    return [{ path, lines: lines.slice(first, end), below }]
  })
}

const drawings = filesUnder('src/wire').flatMap(drawingsIn)
const rows = [...readText('docs/PROTOCOL.md').matchAll(/^\| (\d+) \| ([A-Z0-9_]+) \|/gm)].map(
  ([, type, name]) => `${type} ${name}`,
)

describe.each(Object.entries(Parameter).map(([name, type]) => ({ name, type })))('$name', ({ name, type }) => {
  const mine = drawings.filter(({ lines }) => new RegExp(`\\b${name} \\(${type}\\)`).test(lines[0] ?? ''))

  it('has a codec, found by its number', () => {
    expect(parameterName(type)).toBe(name)
  })

  it('has one drawing, of boxes with offsets, above what writes it', () => {
    expect(mine).toHaveLength(1)
    const [drawing] = mine
    expect(drawing?.lines[1]).toMatch(/^\/\/ {2}0\b/)
    expect(drawing?.lines.filter((line) => /^\/\/ \+-+\+/.test(line)).length).toBeGreaterThanOrEqual(2)
    expect(drawing?.below).toMatch(/^export function encode/)
  })

  it('is drawn with sides that meet its corners', () => {
    for (const { lines } of mine) {
      lines.forEach((line, index) => {
        if (!line.startsWith('// |')) return
        expect(corners(lines[index - 1] ?? '', '+'), line).toEqual(corners(line, '|'))
        expect(lines[index + 1]).toBe(lines[index - 1])
      })
    }
  })

  it('has a row in PROTOCOL', () => {
    expect(rows).toContain(`${type} ${name}`)
  })
})

function corners(line: string, mark: string): readonly number[] {
  return [...line].flatMap((character, index) => (character === mark ? [index] : []))
}

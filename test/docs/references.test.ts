// What the documentation points to is there: files, headings, and the tests that THREATS says hold a defence.

import { existsSync, readdirSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesUnder, ROOT, readText } from '../support/tree.ts'

const pages = filesUnder('').filter(({ path }) => path.endsWith('.md'))

/** A heading as the anchor that a renderer makes of it. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase())
  return new Set(headings.map((heading) => heading.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')))
}

describe.each(pages.map(({ path, text }) => ({ path, text })))('$path', ({ path, text }) => {
  it('links to files and headings that exist', () => {
    const prose = text.replace(/```[\s\S]*?```/g, '')
    const links = [...prose.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link)
    const broken = links.filter((link) => {
      if (/^https?:/.test(link)) return false
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : posix.normalize(posix.join(posix.dirname(path), file))
      if (!existsSync(join(ROOT, target))) return true
      return anchor !== undefined && !anchorsOf(readText(target)).has(anchor)
    })
    expect(broken).toEqual([])
  })

  it('names files of src, test and docs that exist', () => {
    const named = [...text.matchAll(/`((?:src|test|docs|bench|\.ci)\/[^`\s*]*)`/g)].map(([, name = '']) => name)
    expect(named.filter((name) => !existsSync(join(ROOT, name)))).toEqual([])
  })

  it('names tests by words that stand in them', () => {
    const groups = [...text.matchAll(/`(test\/[^`]+\.ts)`: ((?:\*[^*]+\*(?:, )?)+)/g)]
    const missing = groups.flatMap(([, file = '', titles = '']) => {
      const source = existsSync(join(ROOT, file)) ? readText(file) : ''
      return [...titles.matchAll(/\*([^*]+)\*/g)]
        .map(([, title = '']) => title)
        .filter((title) => !source.includes(title))
        .map((title) => `${file}: ${title}`)
    })
    expect(missing).toEqual([])
  })
})

describe('the tests of ARCHITECTURE', () => {
  it('are all folders of test, and nothing else', () => {
    const section = readText('docs/ARCHITECTURE.md').split('## Tests')[1] ?? ''
    const listed = [...section.matchAll(/`test\/(\w+)`/g)].map(([, name]) => name)
    const folders = readdirSync(join(ROOT, 'test'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(listed.sort()).toEqual(folders.map(({ name }) => name).sort())
  })
})

describe('the table of ARCHITECTURE', () => {
  it('names files that exist, as paths in src or beside the one before', () => {
    const rows = readText('docs/ARCHITECTURE.md').match(/^\| (?:RFC|MOVING|numbers|every) .*$/gm) ?? []
    const wrong = rows.flatMap((row) => {
      let folder = ''
      return [...row.matchAll(/`([\w/.-]+\.ts|[\w/]+\/)`/g)].flatMap(([, name = '']) => {
        if (name.includes('/')) folder = posix.dirname(name)
        const path = name.startsWith('test/') ? name : name.includes('/') ? `src/${name}` : `src/${folder}/${name}`
        return existsSync(join(ROOT, path)) ? [] : [`${path} in: ${row}`]
      })
    })
    expect(rows.length).toBeGreaterThan(30)
    expect(wrong).toEqual([])
  })
})

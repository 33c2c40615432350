/**
 * Links lead somewhere.
 *
 * Goal: every relative link of a page leads to a file, and to a heading in it when it names one. Method: read the links and
 * the headings. Sibling: broken ones are found.
 */
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pages, root, textOf } from './example-blocks.ts'

/** Links of a page that lead nowhere. */
function brokenIn(file: string, text: string): readonly string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '')
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g), ...prose.matchAll(/\bsrc="([^"]+)"/g)].map(
    ([, link = '']) => link,
  )
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? file : join(dirname(file), path)
    if (target !== file && !existsSync(join(root, target))) return true
    if (anchor === undefined) return false
    return (
      (target !== file && statSync(join(root, target)).isDirectory()) ||
      !anchorsIn(target === file ? text : textOf(target)).includes(anchor)
    )
  })
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsIn(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-'),
  )
}

describe('links', () => {
  it.each(pages())('of %s lead somewhere', (page) => {
    expect(brokenIn(page, textOf(page))).toEqual([])
  })

  it('that lead nowhere are found', () => {
    const text =
      '# A, b\n[1](README.md) [2](nowhere.md) [3](#a-b) [4](#c) [5](https://x.y/z) [6](README.md#nothing)\n```\n[7](no.md)\n```\n'
    expect(brokenIn('page.md', text)).toEqual(['nowhere.md', '#c', 'README.md#nothing'])
  })

  it('are there to be looked at', () => {
    const links = pages().flatMap((page) => [...textOf(page).matchAll(/\]\([^)]*\)/g)])
    expect(links.length).toBeGreaterThan(20)
  })
})

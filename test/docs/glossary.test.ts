/**
 * One word for one thing.
 *
 * Goal: no page uses a word that docs/glossary.md says is not used here. Method: read the words out of its tables, look for
 * them in the prose of all pages, code left out. Sibling: each of them is found where it stands.
 */
import { describe, expect, it } from 'vitest'
import { eventTypes } from '../../src/events/catalogue.ts'
import { commandTypes } from '../../src/events/commands.ts'
import { pages, textOf } from './example-blocks.ts'

const glossary = textOf('docs/glossary.md')

interface Entry {
  readonly words: readonly string[]
  readonly banned: readonly string[]
}

/** The rows of all tables: the words of the first column, the banned ones of the third. */
const entries: readonly Entry[] = [...glossary.matchAll(/^\| (.+?) \| .+? \| (.*?) ?\|$/gm)]
  .filter(([, first = '']) => first !== 'word')
  .map(([, first = '', third = '']) => ({
    words: first.split(' / '),
    banned: third.split(', ').filter((word) => word !== ''),
  }))

const banned = entries.flatMap((entry) => entry.banned)

/** Prose alone: fenced blocks, code in a line and addresses of links are left out. */
function proseOf(text: string): string {
  return text
    .replaceAll(/^```[\s\S]*?^```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '')
    .replaceAll(/\]\([^)]*\)/g, ']')
}

function bannedIn(text: string): readonly string[] {
  const prose = proseOf(text)
  return banned.filter((word) => new RegExp(`\\b${word.replaceAll(' ', '\\s+')}(s|es)?\\b`, 'i').test(prose))
}

describe('docs/glossary.md', () => {
  it('is read: it has words, and words that are not used', () => {
    expect(entries.length).toBeGreaterThan(40)
    expect(banned.length).toBeGreaterThan(30)
  })

  it('gives each word once', () => {
    const words = entries.flatMap((entry) => entry.words)
    expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([])
    expect(words.filter((word) => banned.includes(word))).toEqual([])
  })

  it.each(pages().filter((page) => page !== 'docs/glossary.md'))('its banned words are not in %s', (page) => {
    expect(bannedIn(textOf(page))).toEqual([])
  })

  it('its banned words are in no name of a command or event', () => {
    const parts = new Set([...commandTypes, ...eventTypes].flatMap((type) => type.split(/[.-]/)))
    expect(banned.filter((word) => parts.has(word))).toEqual([])
  })

  it.each(banned)('"%s" is found where it stands', (word) => {
    expect(bannedIn(`A ${word.replaceAll(' ', '\n')}, and more.`)).toContain(word)
    expect(bannedIn(`\`${word}\`\n\`\`\`sh\n${word}\n\`\`\`\n`)).toEqual([])
  })
})

/**
 * Command lines that pages show can be typed.
 *
 * Goal: every verb and option in a `sh` block is one that the command has. Method: compare with the table of verbs.
 * Sibling: lines that cannot be typed are found.
 */
import { describe, expect, it } from 'vitest'
import type { VerbSpec } from '../../src/cli/verb-spec.ts'
import { verbs } from '../../src/cli/verbs.ts'
import { pages, textOf } from './example-blocks.ts'

const specs: Readonly<Record<string, VerbSpec>> = verbs
const optionsOfAll = ['--home', '--set', '--json', '--no-color', '--no-input', '--help', '--version']

/** The command lines of a page: what follows `waymark` in its sh blocks, comments left out. */
function linesIn(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
  return blocks
    .flatMap((block) => block.split('\n'))
    .flatMap((line) => {
      const typed = line.replace(/(^|\s)#.*$/, '')
      return [...typed.matchAll(/(?:^|\||&& |\$ )\s*(?:npx )?waymark ([^|&]*)/g)].map(([, rest = '']) =>
        rest.trim(),
      )
    })
}

function problemOf(line: string): string | null {
  const words = line.replaceAll(/'[^']*'|"[^"]*"/g, '').split(/\s+/)
  const verb = words.find((word) => !word.startsWith('-')) ?? ''
  if (verb === 'help' || verb === '') return null
  const spec = Object.hasOwn(specs, verb) ? specs[verb] : undefined
  if (spec === undefined) return `${verb} is no verb`
  const known = [...optionsOfAll, ...spec.options.map(({ flags }) => flags.split(' ')[0])]
  const unknown = words.filter((word) => word.startsWith('--') && !known.includes(word.split('=')[0]))
  return unknown.length === 0 ? null : `${verb} has no ${unknown.join(', ')}`
}

describe('a command line', () => {
  it.each(pages().filter((page) => linesIn(textOf(page)).length > 0))('of %s can be typed', (page) => {
    expect(
      linesIn(textOf(page))
        .map(problemOf)
        .filter((problem) => problem !== null),
    ).toEqual([])
  })

  it('that cannot be typed is found', () => {
    const text =
      "```sh\nwaymark shwo x # no\nagent | waymark send x - --keep-going\nwaymark list --all --tress\nnpx waymark log 'a b --c' --json\n```\n"
    expect(linesIn(text)).toEqual([
      'shwo x',
      'send x - --keep-going',
      'list --all --tress',
      "log 'a b --c' --json",
    ])
    expect(linesIn(text).map(problemOf)).toEqual(['shwo is no verb', null, 'list has no --tress', null])
  })
})

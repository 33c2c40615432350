/**
 * docs/architecture.md is the house as it stands.
 *
 * Goal: a newcomer finds every room, folder and file on the page, and nothing on it that is not there.
 * Method: compare the page with the folders, with the table of layers that the sources are held to, and with the tests it names.
 */
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { layers } from '../support/tidy-rules.ts'
import { root, sources, textOf } from './example-blocks.ts'

const page = textOf('docs/architecture.md')

/** The table of rooms: `src/fold` and its layer. */
const rooms = Object.fromEntries(
  [...page.matchAll(/^\| `([^`]+)` \| (\d+) \|/gm)].map(([, room = '', layer]) => [room, Number(layer)]),
)

/** Sections of rooms: `### src/fold, layer 2`, and what they say. */
const sections = new Map(
  [...page.matchAll(/^### (\S+), layer (\d+)\n([\s\S]*?)(?=^##)/gm)].map(
    ([, room = '', layer, text = '']) => [room, { layer: Number(layer), text }],
  ),
)

/** Paths into the project that a text names, as code or as links. */
function pathsIn(text: string): readonly string[] {
  const inCode = [
    ...text.matchAll(/`((?:src|machines|test|docs|examples|bench|\.ci)(?:\/[\w.@-]+)*\/?)`/g),
  ].map(([, path = '']) => path)
  const linked = [...text.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => join('docs', path))
  return [...inCode, ...linked]
}

/** Tests that a text names with their titles: `` `test/laws/x.test.ts`: "law: …" ``. */
function testsIn(text: string): readonly (readonly [string, string])[] {
  return [...text.matchAll(/`((?:test|src\/testing)\/[^`]+\.ts)`:\s+"([^"]+)"/g)].map(
    ([, file = '', title = '']) => [file, title.replaceAll(/\s+/g, ' ')],
  )
}

const roomOf = (path: string) =>
  Object.keys(layers).find((room) => path === room || path.startsWith(`${room}/`)) ?? path
const there = new Set(sources().map(roomOf))

describe('docs/architecture.md', () => {
  it('gives every room that is there its layer, and names no other', () => {
    expect(rooms).toEqual(Object.fromEntries(Object.entries(layers).filter(([room]) => there.has(room))))
  })

  it('has a section for every room, with its layer', () => {
    const folders = [...there].filter((room) => !room.endsWith('.ts'))
    expect([...sections.keys()].sort()).toEqual(folders.sort())
    for (const [room, { layer }] of sections) expect([room, layer]).toEqual([room, layers[room]])
  })

  it('names every folder below src and machines', () => {
    const folders = [...new Set(sources().map(dirname))].filter((folder) => folder !== 'src')
    expect(folders.filter((folder) => !page.includes(folder))).toEqual([])
  })

  it('says of every file what it is for, in the section of its room', () => {
    const missing = sources().filter((path) => {
      if (path === 'src/index.ts') return !page.includes(path)
      const told = sections.get(roomOf(path))?.text ?? ''
      // A folder of like files, such as the verbs, is told as a whole: by their names.
      const asOne = told.includes(`(../${dirname(path)})`) && new RegExp(`\\b${nameOf(path)}\\b`).test(told)
      return !told.includes(`(../${path})`) && !asOne
    })
    expect(missing).toEqual([])
  })

  it('names no path that is not there', () => {
    expect(pathsIn(page).filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  it('names the test of every invariant by its title', () => {
    const invariants = /^## What must always be true\n([\s\S]*?)^## /m.exec(page)?.[1] ?? ''
    const numbered = [...invariants.matchAll(/^\d+\. ([\s\S]*?)(?=^\d+\. |$(?![\s\S]))/gm)].map(
      ([, text = '']) => text,
    )
    expect(numbered.length).toBe(10)
    expect(numbered.filter((text) => testsIn(text).length === 0)).toEqual([])
    const missing = testsIn(page).filter(
      ([file, title]) => !textOf(file).replaceAll("\\'", "'").includes(title),
    )
    expect(missing).toEqual([])
  })
})

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.ts$/, '')
}

describe('docs/testing.md', () => {
  it('names every folder of tests, and no other', () => {
    const told = [...textOf('docs/testing.md').matchAll(/^\| `(test\/[\w-]+)` \|/gm)].map(
      ([, folder = '']) => folder,
    )
    const entries = readdirSync(join(root, 'test'), { withFileTypes: true })
    const folders = entries
      .filter((entry) => entry.isDirectory() && readdirSync(join(root, 'test', entry.name)).length > 0)
      .map(({ name }) => `test/${name}`)
    expect(told.sort()).toEqual(folders.sort())
  })
})

describe('the reading of the page', () => {
  it('finds paths and tests', () => {
    const text =
      'in `src/fold/x.ts`, `test/a.test.ts`:\n  "law: one\n  thing" and [here](../machines/y.ts), not `task.start`'
    expect(pathsIn(text)).toEqual(['src/fold/x.ts', 'test/a.test.ts', 'machines/y.ts'])
    expect(testsIn(text)).toEqual([['test/a.test.ts', 'law: one thing']])
  })
})

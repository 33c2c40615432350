/**
 * The examples in the machines' documentation are true.
 *
 * Goal: every line `expression // value` of an example gives that value; an explanation may follow in brackets. Method: the code
 * blocks are cut out of the sources and run with the public names in scope.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runInThisContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import * as machines from '../../machines/index.ts'
import { standardConfiguration } from '../../src/events/session.ts'

const folder = fileURLToPath(new URL('../../machines/', import.meta.url))

const scope: Readonly<Record<string, unknown>> = {
  ...machines,
  createActor,
  thresholds: standardConfiguration,
}

/** The code of each example of a source, named by the line it begins at. */
function examplesIn(file: string): readonly (readonly [string, string])[] {
  const source = readFileSync(`${folder}${file}`, 'utf8')
  return [...source.matchAll(/ \* ```ts\n([\s\S]*?) \* ```/g)].map((block) => [
    `${file}:${source.slice(0, block.index).split('\n').length + 1}`,
    (block[1] ?? '').replaceAll(/^ \* ?/gm, ''),
  ])
}

/** Runs an example and gives what its commented lines are and should be. */
function runExample(code: string): readonly (readonly [unknown, unknown])[] {
  const lines = code.split('\n').map((line) => {
    const [, expression, comment] = /^(.*\S) \/\/ (.*)$/.exec(line) ?? []
    if (expression === undefined || comment === undefined) return line
    return `seen.push([(${expression}), (${comment.replace(/ \(.*\)$/, '')})])`
  })
  const names = Object.keys(scope)
  const run: unknown = runInThisContext(
    `(${names.join(', ')}) => { const seen = []; ${lines.join('\n;')}; return seen }`,
  )
  if (typeof run !== 'function') throw new Error('not a function')
  return run(...Object.values(scope))
}

const examples = readdirSync(folder).flatMap(examplesIn)

describe('an example', () => {
  it.each(examples)('of machines/%s', (_, code) => {
    for (const [is, should] of runExample(code)) expect(is).toEqual(should)
  })

  it('stands at every exported function and constant', () => {
    const text = examples.map(([, code]) => code).join('\n')
    expect(Object.keys(machines).filter((name) => !text.includes(name))).toEqual([])
  })

  it('that is not true is found', () => {
    const seen = runExample(
      "const a = 1\na + 1 // 3 (it is not)\nphaseAfter('normal', 61, thresholds) // 'monitoring'",
    )
    expect(seen).toEqual([
      [2, 3],
      ['monitoring', 'monitoring'],
    ])
  })
})

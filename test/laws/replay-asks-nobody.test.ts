/**
 * Goal: bringing a session back asks no machine: nothing that loads, shows or recovers a state has a way to one.
 * Method: every import is followed from the files that do it, but for imports of types, which are gone when the program runs.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { factsOf } from '../support/source-facts.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** All files that run with a file, itself included. */
function reachedFrom(path: string, reached = new Set<string>()): ReadonlySet<string> {
  if (reached.has(path)) return reached
  reached.add(path)
  const { imports } = factsOf(path, readFileSync(join(root, path), 'utf8'))
  for (const { specifier, typeOnly } of imports) {
    if (typeOnly || specifier === undefined || !specifier.startsWith('.')) continue
    reachedFrom(join(dirname(path), specifier), reached)
  }
  return reached
}

const machinesIn = (path: string): readonly string[] =>
  [...reachedFrom(path)].filter((file) => file.startsWith('machines/') || file.startsWith('src/decide/'))

describe('replay', () => {
  it.each([
    'src/fold/fold.ts',
    'src/replay/load.ts',
    'src/replay/at.ts',
    'src/replay/stepper/stepper.ts',
    'src/replay/recover.ts',
    'src/replay/snapshot/snapshot.ts',
    'src/views/state-view.ts',
    'src/views/timeline.ts',
  ])('law: %s asks no machine', (path) => {
    expect(machinesIn(path)).toEqual([])
    expect(reachedFrom(path).size).toBeGreaterThan(2)
  })

  it('and the way to a machine would be found: verification has one', () => {
    expect(machinesIn('src/replay/verify/verify.ts')).toContain('machines/task.ts')
  })
})

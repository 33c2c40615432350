/**
 * What each event changes.
 *
 * Goal: an event changes what it is about and nothing else, to these very values. Method: the recorded streams of the corpus are folded event
 * by event; every path of the state that is another afterwards is written down, and the list is compared with the one beside this file.
 * `npx vitest run test/fold/changes.test.ts --update` writes it anew.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { foldInto, stateHash } from '../../src/fold/fold.ts'
import { initialState } from '../../src/fold/state.ts'

const corpus = new URL('../corpus/', import.meta.url)

function leavesOf(value: unknown, path: string, leaves: Map<string, string>): Map<string, string> {
  const isBranch = typeof value === 'object' && value !== null && Object.keys(value).length > 0
  if (!isBranch) return leaves.set(path, JSON.stringify(value) ?? 'undefined')
  for (const [key, part] of Object.entries(value))
    leavesOf(part, path === '' ? key : `${path} ${key}`, leaves)
  return leaves
}

function changesOf(events: readonly LoggedEvent[]): string {
  const state = initialState(events[0]?.sessionId ?? '')
  let before = leavesOf(state, '', new Map())
  const lines: string[] = []
  for (const event of events) {
    foldInto(state, [event])
    const after = leavesOf(state, '', new Map())
    lines.push(`${event.version} ${event.type}`)
    for (const path of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(path), after.get(path)]
      if (was !== is) lines.push(`  ${path}: ${is ?? 'gone'}`)
    }
    before = after
  }
  return `${lines.join('\n')}\n`
}

describe('an event', () => {
  it.each(['every-event', 'first-events'])('of %s changes this and nothing else', async (name) => {
    const lines = readFileSync(new URL(`${name}.ndjson`, corpus), 'utf8')
      .trimEnd()
      .split('\n')
    const events = lines.map((line) => JSON.parse(line) as LoggedEvent)
    await expect(changesOf(events)).toMatchFileSnapshot(`changes-of-${name}.txt`)
  })

  it('changes the hash of the state', () => {
    const state = initialState('sess_00000000-0000-4000-8000-000000000001')
    const before = stateHash(state)
    expect(before).toMatch(/^[0-9a-f]{64}$/)
    expect(stateHash({ ...state, version: 1 })).not.toBe(before)
  })
})

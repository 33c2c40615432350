/** Policies of one's own that give rubbish: what they asked for is passed over with a warning, and its cause stands. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Policy } from '../../src/session/policy.ts'
import { Waymark } from '../../src/session/waymark.ts'

const warnings: Error[] = []
const listener = (warning: Error): void => void warnings.push(warning)
beforeEach(() => {
  warnings.length = 0
  process.on('warning', listener)
})
afterEach(() => {
  process.off('warning', listener)
})

/** A policy of a caller without types. */
function policyOf(given: () => unknown): Policy {
  const policy: unknown = {
    name: 'own',
    follow: (before: { version: number }) => (before.version === 1 ? given() : []),
  }
  // What a caller without types hands in.
  return policy as Policy
}

const good = { type: 'decision.record', text: 'kept' }

const rubbish: readonly [string, () => unknown, number][] = [
  ['a command with a wrong field', () => [{ type: 'task.add', taskId: 'x', title: 3 }, good], 1],
  ['a command of an unknown type', () => [{ type: 'nope' }, good], 1],
  ['null for a command', () => [null, good], 1],
  ['something that is no list', () => 5, 0],
  [
    'an error',
    () => {
      throw new Error('a fault in the policy')
    },
    0,
  ],
]

describe('a policy', () => {
  it.each(rubbish)('that gives %s does not fail the command that it follows', async (_what, given, kept) => {
    const waymark = await Waymark.open({ store: new MemoryLog(), policies: [policyOf(given)] })
    const session = await waymark.createSession({ windowTokens: 200_000 })
    await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
    expect(Object.keys(session.state.tasks)).toEqual(['A'])
    expect(session.state.knowledge.decisions).toHaveLength(kept)
    await delay(5)
    expect(warnings.map((warning) => [Reflect.get(warning, 'code'), warning.message])).toEqual([
      ['WAYMARK_POLICY', expect.stringContaining('own')],
    ])
    await session.send({ type: 'task.add', taskId: 'B', title: 'b' })
    expect((await waymark.verify()).ok).toBe(true)
  })

  it('that puts rubbish before a command leaves its refusal as it was', async () => {
    const given: unknown = [{ type: 'nope' }]
    // What a caller without types hands in.
    const policy: Policy = { ...policyOf(() => []), precede: () => given as readonly Command[] }
    const waymark = await Waymark.open({ store: new MemoryLog(), policies: [policy] })
    const session = await waymark.createSession({ windowTokens: 200_000 })
    await expect(session.send({ type: 'session.hand-off', toAgent: 'b' })).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
    })
  })
})

/**
 * Decisions about knowledge.
 *
 * Goal: a command that is accepted leads to exactly its events, and one that says nothing new to none. Method: short histories,
 * played without policies; the next command is decided in the state they lead to, and the whole answer is compared.
 */
import { describe, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { holdsDecided, type Row } from './rows.ts'

const note: Command = {
  type: 'spec.update',
  specId: 'S',
  title: 't',
  phase: 'RED',
  status: 'active',
  completedStep: 'one',
}
const knowledge: readonly Row[] = [
  [
    'a focus that is known',
    [{ type: 'focus.change', objectives: ['a'], variables: { x: '1' } }],
    { type: 'focus.change', objectives: ['a'], variables: { x: '1' } },
    [],
  ],
  [
    'a focus with another objective',
    [{ type: 'focus.change', objectives: ['a'] }],
    { type: 'focus.change', objectives: ['b'] },
    [['focus.changed']],
  ],
  [
    'a focus with another value of a name',
    [{ type: 'focus.change', variables: { x: '1' } }],
    { type: 'focus.change', variables: { x: '2' } },
    [['focus.changed']],
  ],
  [
    'a focus that takes a name away that is not there',
    [],
    { type: 'focus.change', variables: { x: null } },
    [],
  ],
  [
    'a project that is known',
    [{ type: 'project.describe', name: 'n' }],
    { type: 'project.describe', name: 'n' },
    [],
  ],
  [
    'a project with another name',
    [{ type: 'project.describe', name: 'n' }],
    { type: 'project.describe', name: 'o' },
    [['project.described']],
  ],
  ['a spec that is new', [], note, [['spec.updated']]],
  [
    'a spec that is new and has an inherited name',
    [],
    { type: 'spec.update', specId: 'constructor' },
    [['spec.updated']],
  ],
  ['a spec that is known', [note], note, []],
  ['a spec with another step done', [note], { ...note, completedStep: 'two' }, [['spec.updated']]],
  [
    'a spec with another phase',
    [note],
    { type: 'spec.update', specId: 'S', phase: 'GREEN' },
    [['spec.updated']],
  ],
  ['a milestone that is new', [], { type: 'milestone.update', milestoneId: 'M' }, [['milestone.updated']]],
  [
    'a milestone that is known',
    [{ type: 'milestone.update', milestoneId: 'M', title: 't' }],
    { type: 'milestone.update', milestoneId: 'M', title: 't' },
    [],
  ],
  [
    'a milestone that is reached',
    [{ type: 'milestone.update', milestoneId: 'M', title: 't' }],
    { type: 'milestone.update', milestoneId: 'M', status: 'reached' },
    [['milestone.updated']],
  ],
  [
    'a user who is known',
    [{ type: 'user.describe', language: 'ko', preferences: { x: '1' } }],
    { type: 'user.describe', language: 'ko', preferences: { x: '1' } },
    [],
  ],
  [
    'a user with another language',
    [{ type: 'user.describe', language: 'ko' }],
    { type: 'user.describe', language: 'en' },
    [['user.described']],
  ],
  [
    'a user with another preference',
    [{ type: 'user.describe', language: 'ko' }],
    { type: 'user.describe', preferences: { x: '1' } },
    [['user.described']],
  ],
  [
    'a system that is known',
    [{ type: 'system.describe', tools: ['Read'], permissions: { a: 'b' }, environment: { c: 'd' } }],
    { type: 'system.describe', tools: ['Read'], permissions: { a: 'b' }, environment: { c: 'd' } },
    [],
  ],
  [
    'a system with other tools',
    [{ type: 'system.describe', tools: ['Read'] }],
    { type: 'system.describe', tools: ['Edit'] },
    [['system.described']],
  ],
  [
    'a system with another permission',
    [],
    { type: 'system.describe', permissions: { a: 'b' } },
    [['system.described']],
  ],
  [
    'a system with another environment',
    [],
    { type: 'system.describe', environment: { a: 'b' } },
    [['system.described']],
  ],
  ['a server that is new', [], { type: 'server.describe', server: 's' }, [['server.described']]],
  [
    'a server that is known',
    [{ type: 'server.describe', server: 's', tools: ['a'] }],
    { type: 'server.describe', server: 's', tools: ['a'] },
    [],
  ],
  [
    'a server with other tools',
    [{ type: 'server.describe', server: 's', tools: ['a'] }],
    { type: 'server.describe', server: 's', tools: ['b'] },
    [['server.described']],
  ],
]

describe('what is decided about knowledge', () => {
  it.each(knowledge.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsDecided(row))
})

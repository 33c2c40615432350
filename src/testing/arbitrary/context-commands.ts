/** Random commands for fast-check about what lies in the window, and about what is known. */
import fc from 'fast-check'
import type { Command } from '../../events/commands.ts'
import { contextCategories, contextTiers } from '../../events/context.ts'
import { milestoneStatuses } from '../../events/knowledge.ts'
import { content, tag } from './pools.ts'

const tags = fc.uniqueArray(tag, { minLength: 1, maxLength: 3 })

/** Commands about context items. */
export function contextCommandArbitrary(): fc.Arbitrary<Command> {
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record(
        {
          type: fc.constant('context.add' as const),
          tag,
          tier: fc.constantFrom(...contextTiers),
          category: fc.constantFrom(...contextCategories),
          content,
          tokens: fc.integer({ min: 0, max: 40_000 }),
          server: fc.constantFrom('context7', 'github'),
        },
        { requiredKeys: ['type', 'tier', 'category'] },
      ),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('context.retier' as const),
        tag,
        tier: fc.constantFrom(...contextTiers),
      }),
    },
    fc.record({ type: fc.constant('context.discard' as const), tags }),
    fc.record({ type: fc.constant('context.defer' as const), tags }),
    fc.record({ type: fc.constant('context.archive' as const), tags }),
    fc.record({ type: fc.constant('context.restore' as const), tags }),
    fc.record({
      type: fc.constant('context.request-summary' as const),
      tags,
      targetPercent: fc.constantFrom(10, 30, null),
    }),
    fc.record({ type: fc.constant('context.summarize' as const), tag, summary: content }),
  )
}

const line = fc.constantFrom('one', 'two', 'three')
const named = fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), fc.option(line), { maxKeys: 2 })

/** Commands about focus, decisions, project, user and system. */
export function knowledgeCommandArbitrary(): fc.Arbitrary<Command> {
  return fc.oneof(
    fc.record(
      {
        type: fc.constant('focus.change' as const),
        objectives: fc.array(line, { maxLength: 2 }),
        constraints: fc.array(line, { maxLength: 2 }),
        nextStep: fc.option(line),
        variables: named,
      },
      { requiredKeys: ['type'] },
    ),
    fc.record({ type: fc.constant('decision.record' as const), text: line }),
    fc.record({ type: fc.constant('project.describe' as const), name: line }),
    fc.record(
      {
        type: fc.constant('spec.update' as const),
        specId: fc.constantFrom('SPEC-001', 'SPEC-002', 'constructor'),
        phase: fc.constantFrom('RED', 'GREEN'),
        completedStep: line,
        progressPercent: fc.integer({ min: 0, max: 100 }),
      },
      { requiredKeys: ['type', 'specId'] },
    ),
    fc.record(
      {
        type: fc.constant('milestone.update' as const),
        milestoneId: fc.constantFrom('beta', 'toString'),
        status: fc.constantFrom(...milestoneStatuses),
      },
      { requiredKeys: ['type', 'milestoneId'] },
    ),
    fc.record({ type: fc.constant('user.describe' as const), preferences: named }),
    fc.record({ type: fc.constant('system.describe' as const), permissions: named, environment: named }),
    fc.record({
      type: fc.constant('server.describe' as const),
      server: fc.constantFrom('context7', 'constructor'),
      toolTokens: fc.integer({ min: 0, max: 9_000 }),
    }),
  )
}

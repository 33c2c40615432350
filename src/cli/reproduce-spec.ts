/** The verb that makes a test of a session, in the table of verbs: reproduce. */
import type { VerbSpec } from './verb-spec.ts'

export const reproduceSpec = {
  about:
    'Cut a session down to the fewest commands that still show a problem, and write a failing test of them.',
  takes: [['<session>', 'id, unique prefix of it, or native id']],
  options: [
    {
      flags: '--when <predicate>',
      about: 'the problem: something holds that should not, such as tasks.A.status == "failed"',
    },
    { flags: '--version <version>', about: 'the problem: the change that was made at this version' },
    {
      flags: '--machines <file>',
      about:
        'a module with machines of yours, which decide instead; alone, the problem is the first command they decide otherwise',
    },
    { flags: '--out <file>', about: 'write the test there; else it is printed' },
    { flags: '--force', about: 'write over a file that is there' },
    { flags: '--seed <n>', about: 'of the clock and ids of the test; 1 if left out' },
  ],
  examples: [
    [
      `waymark reproduce 3f2a --when 'window.percent > 100' --out window.test.mjs`,
      'npx vitest run window.test.mjs',
    ],
    ['waymark reproduce 3f2a --version 812', 'how it came to the change at version 812'],
    ['waymark reproduce 3f2a --machines ./machines.mjs', 'what changed machines decide otherwise'],
  ],
  load: async () => (await import('./verbs/reproduce.ts')).reproduceVerb,
} as const satisfies Omit<VerbSpec, 'group'>

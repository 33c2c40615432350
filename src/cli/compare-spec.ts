/** The verbs that look for where something went wrong, in the table of verbs: diff, bisect. */
import type { VerbSpec } from './verb-spec.ts'

const place = 'a session, or <session>@<version, checkpoint or time>'

export const diffSpec = {
  about:
    'Compare two versions of a session, two sessions, or a fork and its parent: where they part, and what differs.',
  takes: [
    ['<before>', place],
    [
      '[after]',
      `${place}; @40 is of the same session. Left out: now, or of a fork the fork itself, after its parent`,
    ],
  ],
  options: [{ flags: '--all', about: 'list bookkeeping too: version, history, samples of growth' }],
  examples: [
    ['waymark diff 3f2a@12 @40', 'what happened in between; exit code 1 when anything differs'],
    ['waymark diff 3f2a@ckpt_9c01', 'what changed since a checkpoint'],
    ['waymark diff 9c01', 'a fork against what its parent is now'],
  ],
  load: async () => (await import('./verbs/diff.ts')).diff,
} as const satisfies Omit<VerbSpec, 'group'>

export const bisectSpec = {
  about: 'Find the version at which something begins to be so, in about log2(n) looks at the session.',
  takes: [
    ['<session>', 'id, unique prefix of it, or native id'],
    ['[predicate]', 'an expression over the state, such as tasks["SPEC-001"].status == "failed"'],
  ],
  options: [
    {
      flags: '--module <file>',
      about: 'a module that exports a function (state) => boolean, instead of an expression',
    },
    { flags: '--from <version>', about: 'look after this version; from the first event if left out' },
    { flags: '--to <version>', about: 'look up to and with this version; the newest if left out' },
    {
      flags: '--scan',
      about: 'look at every version: the very first one, and each at which the answer turns',
    },
  ],
  examples: [
    [`waymark bisect 3f2a 'tasks["SPEC-001"].status == "failed"'`, 'exit code 1 when it is never so'],
    [`waymark bisect 3f2a 'window.percent > 75' --scan`, 'all versions at which it turns'],
    ['waymark bisect 3f2a --module crowded.mjs', 'export default (state) => state.taskCount > 10'],
  ],
  load: async () => (await import('./verbs/bisect.ts')).bisect,
} as const satisfies Omit<VerbSpec, 'group'>

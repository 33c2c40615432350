/** The verbs of branches in the table of verbs: fork, merge, rewind, tree. */
import { epochSpec, type VerbSpec } from './verb-spec.ts'

const session = ['<session>', 'id, unique prefix of it, or native id'] as const

export const forkSpec = {
  about: 'Begin a session that shares the events of another one up to a version. Nothing is copied.',
  takes: [session],
  options: [
    { flags: '--at <version>', about: 'the version to fork at; the newest if left out' },
    { flags: '--checkpoint <id>', about: 'the checkpoint to fork at, instead of a version' },
    { flags: '--title <text>', about: 'what the fork is about' },
  ],
  examples: [['waymark fork 3f2a --at 120', 'prints sess_…; the other session stays as it is']],
  load: async () => (await import('./verbs/fork.ts')).fork,
} as const satisfies Omit<VerbSpec, 'group'>

export const mergeSpec = {
  about:
    'Bring what a fork has come to into the session it came from; say what becomes of what both changed. Not for machines: where one is comes from its own events alone.',
  takes: [
    ['<into>', 'the session that receives: id, unique prefix of it, or native id'],
    ['<fork>', 'the session that is merged: a fork, or another one that shares its past'],
  ],
  options: [
    { flags: '--policy <policy>', about: 'for all parts: ours, theirs, union or fail; fail if left out' },
    { flags: '--tasks <policy>', about: 'for tasks that both changed' },
    { flags: '--context <policy>', about: 'for context items that both changed' },
    { flags: '--decisions <policy>', about: 'for decisions about the same thing' },
    { flags: '--dry-run', about: 'say what would come and what is at odds, and record nothing' },
    epochSpec,
  ],
  examples: [
    ['waymark merge 3f2a 9c01 --dry-run', 'exit code 1 when something is at odds'],
    ['waymark merge 3f2a 9c01 --policy union --tasks theirs', 'keep both, but take its tasks'],
  ],
  load: async () => (await import('./verbs/merge.ts')).merge,
} as const satisfies Omit<VerbSpec, 'group'>

export const rewindSpec = {
  about:
    'Go on from an earlier version of a session: tasks, context and knowledge are as then, nothing is lost from the log. Not for machines: waymark fork goes on from an earlier version of one.',
  takes: [session],
  options: [
    { flags: '--to <place>', about: 'a version (12) or the id of a checkpoint (ckpt_…)' },
    { flags: '--reason <text>', about: 'why' },
    { flags: '--dry-run', about: 'say what would be put back, and record nothing' },
    epochSpec,
  ],
  examples: [['waymark rewind 3f2a --to 120 --reason "the wrong way"', 'recorded as session.rewound']],
  load: async () => (await import('./verbs/rewind.ts')).rewind,
} as const satisfies Omit<VerbSpec, 'group'>

export const treeSpec = {
  about:
    'Show where sessions come from: forks, continuations and sub-agents below theirs, with usage and merges.',
  takes: [
    ['[session]', 'id, unique prefix of it, or native id: only the tree it belongs to; all if left out'],
  ],
  options: [],
  examples: [
    ['waymark tree', 'all sessions of the home'],
    ['waymark tree 3f2a --json', 'the tree of one, for programs'],
  ],
  load: async () => (await import('./verbs/tree.ts')).tree,
} as const satisfies Omit<VerbSpec, 'group'>

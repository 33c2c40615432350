/** What is mutated, and the tests that are to notice: those that are quick, and in one process. */
const machines =
  'test/machines/{budget,handoff,recovery,session,task,examples,spec,task-laws,compile,factories}.test.ts'
const decide = 'test/decide/*.test.ts'

/** @type {Readonly<Record<string, { readonly mutate: string, readonly tests: readonly string[], readonly runs: number, readonly budgetMs: number }>>} */
export const rooms = {
  machines: {
    mutate: 'machines/**/*.ts',
    tests: [
      machines,
      'test/decide/machines-given.test.ts',
      'test/docs/machine-graphs.test.ts',
      'test/laws/{compile,decide}.test.ts',
    ],
    runs: 60,
    budgetMs: 2_000,
  },
  decide: {
    mutate: 'src/decide/**/*.ts',
    tests: [
      decide,
      'test/laws/{decide,context,counts}.test.ts',
      'test/session/{context,on-budget,session,own-policies,branch-places}.test.ts',
      'test/handoff/offers.test.ts',
      'test/docs/machine-graphs.test.ts',
      'test/corpus/*.test.ts',
      'test/events/commands.test.ts',
    ],
    runs: 8,
    budgetMs: 800,
  },
  fold: {
    mutate: 'src/fold/**/*.ts',
    tests: [
      'test/fold/*.test.ts',
      decide,
      'test/corpus/*.test.ts',
      'test/laws/{fold,context}.test.ts',
      'test/session/{context,session}.test.ts',
      'test/replay/{at,diff}.test.ts',
      'test/views/{views,brief,context-report,allocation-table,layers,session-json,graph}.test.ts',
    ],
    runs: 8,
    budgetMs: 800,
  },
  replay: {
    mutate: 'src/replay/**/*.ts',
    tests: [
      'test/replay/*.test.ts',
      'test/laws/{snapshot,bisect,stepper,verify,rewind}.test.ts',
      'test/session/{keyframe,recover,recover-afresh,branch-damage,branch-places,fork-again}.test.ts',
      'test/redaction/{redact,in-home,parts}.test.ts',
      'test/what-if/what-if.test.ts',
      'test/contract/memory.test.ts',
    ],
    runs: 1_000,
    budgetMs: 1_500,
  },
}

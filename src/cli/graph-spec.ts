/** `waymark graph` in the table of verbs: it has more actions than others. */
import type { VerbSpec } from './verb-spec.ts'

export const graphSpec = {
  about:
    'Tasks that depend on each other, worked on by many: show, plan, claim, settle them. Or a machine as a picture.',
  takes: [
    [
      '<action>',
      'show, plan, claim, complete, fail, release, retry, take-over, reclaim; a session alone is shown. Or a machine: task, budget, session, handoff, recovery',
    ],
    [
      '[session]',
      'the session whose tasks are the graph: id, unique prefix of it, or native id; of a machine: whose way is marked',
    ],
    ['[what]', 'plan: a file, or - for stdin; reclaim and show: nothing; else the id of a task'],
  ],
  options: [
    {
      flags: '--agent <name>',
      about: 'claim, take-over: who works on it; elsewhere: refuse unless this agent holds it',
    },
    { flags: '--result <text>', about: 'complete: what came of it; tasks that build on it are told' },
    { flags: '--reason <text>', about: 'fail, release: why' },
    { flags: '--retryable', about: 'fail: it may be retried' },
    { flags: '--wait', about: 'claim: wait until something is ready, and take back what was left behind' },
    {
      flags: '--silent <minutes>',
      about:
        'show, reclaim: silence after which a task that no process holds was left behind; 10 if left out',
    },
    { flags: '--model <name>', about: "claim: the model of the work session; the graph's if left out" },
    { flags: '--window <tokens>', about: 'claim: the size of its context window' },
    { flags: '--command-id <id>', about: 'claim: the same claim again gives the same task' },
    { flags: '--mermaid', about: 'show: as a Mermaid flowchart' },
    { flags: '--session <session>', about: 'a machine: mark the way that this session took through it' },
    { flags: '--task <id>', about: 'task: the way of one task instead of all' },
    { flags: '--format <format>', about: 'a machine: as mermaid, dot or json; mermaid if left out' },
  ],
  examples: [
    [
      'waymark graph plan 3f2a graph.json',
      '[{ "id": "api", "title": "Write the API", "dependsOn": ["schema"] }]',
    ],
    ['waymark graph 3f2a', 'what is ready, what runs, what waits for what'],
    ['waymark graph claim 3f2a --agent ada', 'prints a task and the session to work in'],
    ['waymark graph complete 3f2a api --result "three endpoints"', ''],
    ['waymark graph task --session 3f2a', 'what may happen to a task, and what did'],
    ['waymark graph budget --format dot | dot -Tsvg', 'a machine as a picture'],
  ],
  load: async () => (await import('./verbs/graph.ts')).graph,
} as const satisfies Omit<VerbSpec, 'group'>

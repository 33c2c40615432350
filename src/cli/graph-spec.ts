/** `waymark graph` in the table of verbs: it has more actions than others. */
import type { VerbSpec } from './verb-spec.ts'

export const graphSpec = {
  about:
    'Tasks that depend on each other, worked on by many: show them, plan them, claim one, say what came of it.',
  takes: [
    [
      '<action>',
      'show, plan, claim, complete, fail, release, retry, take-over, reclaim; a session alone is shown',
    ],
    ['[session]', 'the session whose tasks are the graph: id, unique prefix of it, or native id'],
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
  ],
  examples: [
    [
      'waymark graph plan 3f2a graph.json',
      '[{ "id": "api", "title": "Write the API", "dependsOn": ["schema"] }]',
    ],
    ['waymark graph 3f2a', 'what is ready, what runs, what waits for what'],
    ['waymark graph claim 3f2a --agent ada', 'prints a task and the session to work in'],
    ['waymark graph complete 3f2a api --result "three endpoints"', ''],
  ],
  load: async () => (await import('./verbs/graph.ts')).graph,
} as const satisfies Omit<VerbSpec, 'group'>

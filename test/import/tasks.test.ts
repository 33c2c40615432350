/**
 * Goal: whatever a source says of its tasks, the commands sent are legal and lead where the source says. Method: random
 * intents and random lists, written through the decider, which refuses what is not legal.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ReadonlyState, taskOf } from '../../src/fold/state.ts'
import type { Intent, ReachTask, Step } from '../../src/import/step.ts'
import { changeOfList, itemStatuses, type ListItem, type RawItem } from '../../src/import/task-list.ts'
import { writeSteps } from '../../src/import/writer.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { environment, statesOf } from './support.ts'

const sessionId = 'sess_00000000-0000-4000-8000-000000000001'
const time = '2026-01-01T00:00:00.000Z'

/** Writes intents into one session; gives its state and how many were refused. */
async function told(
  intents: readonly Intent[],
): Promise<{ readonly state: ReadonlyState; readonly refused: number }> {
  const log = new MemoryLog()
  const start: Intent = { type: 'session.start' }
  const steps = [start, ...intents].map((intent, index): Step => {
    return { sessionId, key: `step/${index}`, time, line: index + 1, intent, contents: [] }
  })
  const { refused } = await log.transact((transaction) =>
    writeSteps(transaction, steps, new Map(), environment()),
  )
  const [state] = await statesOf(log)
  if (state === undefined) throw new Error('there is a session')
  return { state, refused }
}

const names = ['a', 'b', 'c'] as const
const name = fc.constantFrom(...names)
const target = fc.constantFrom('pending', 'running', 'completed', 'cancelled')
const origin = fc.constantFrom('created', 'listed', 'known')

const usage = fc.record({
  callId: fc.uuid(),
  tokens: fc.integer({ min: 0, max: 200_000 }),
  model: fc.constantFrom('m', 'n'),
})

const intent: fc.Arbitrary<Intent> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('reach-task'), name, title: fc.constant('t'), target, origin }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('describe-task'), name, title: fc.string({ maxLength: 5 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('await-tasks'),
      name,
      on: fc.uniqueArray(name, { minLength: 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: usage.map(({ callId, tokens, model }): Intent => {
      const counters = { outputTokens: 0, cacheReadTokens: 0, cacheCreationTokens: 0 }
      return { type: 'usage.record', callId, model, inputTokens: tokens, ...counters }
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('model.switch'),
      model: fc.constantFrom('m', 'n', 'o'),
      observed: fc.constant(true),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Intent>({ type: 'session.end' }) },
  { weight: 1, arbitrary: fc.constant<Intent>({ type: 'return-to-session', detail: 'd' }) },
  { weight: 1, arbitrary: fc.constant<Intent>({ type: 'turn.complete' }) },
)

const stands: Readonly<Record<ReachTask['target'], readonly (string | undefined)[]>> = {
  pending: ['pending', 'blocked', 'in_progress', 'token_warning'],
  running: ['in_progress', 'token_warning'],
  completed: ['completed'],
  cancelled: [undefined, 'failed', 'completed'],
}

function newestStatus(state: ReadonlyState, task: string): string | undefined {
  let status = taskOf(state, task)?.status
  for (let generation = 2; taskOf(state, `${task}.${generation}`) !== undefined; generation++) {
    status = taskOf(state, `${task}.${generation}`)?.status
  }
  return status
}

describe('tasks of a source', () => {
  /** Law: no intent is ever refused, and a task stands where the newest intent about it says. */
  it('are brought where the source says, by legal commands', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(intent, { maxLength: 25 }), name, target, async (before, task, wanted) => {
        const last: Intent = { type: 'reach-task', name: task, title: 't', target: wanted, origin: 'known' }
        const { state, refused } = await told([...before, last])
        expect(refused).toBe(0)
        expect(stands[wanted]).toContain(newestStatus(state, task))
      }),
      { numRuns: 150 },
    )
  })

  it('meet blocked, warned, switched and finished ones in the test above', async () => {
    const met = new Set<string>()
    for (const intents of fc.sample(fc.array(intent, { minLength: 10, maxLength: 25 }), {
      numRuns: 60,
      seed: 3,
    })) {
      const { state } = await told(intents)
      for (const { status, attempts } of Object.values(state.tasks))
        met.add(attempts > 0 ? `started ${status}` : status)
    }
    expect([...met]).toEqual(
      expect.arrayContaining(['blocked', 'started token_warning', 'started completed', 'failed']),
    )
  })

  const text = fc.constantFrom(
    'Knead',
    'Proof',
    'Bake',
    'Bäcken',
    'ä',
    'Knead the dough for a very long time, until it is smooth',
  )
  const item: fc.Arbitrary<RawItem> = fc.record({
    id: fc.option(fc.constantFrom('1', '2', '3')),
    text,
    status: fc.constantFrom(...itemStatuses),
  })

  /** Law: after any lists, every item of the last one has a task of its own that stands where the item says. */
  it('written as whole lists end as the last list says', async () => {
    const lists = fc.array(fc.array(item, { maxLength: 5 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(lists, async (written) => {
        let items: readonly ListItem[] = []
        const intents: Intent[] = []
        for (const list of written) {
          const change = changeOfList('todo', items, list)
          items = change.items
          intents.push(...change.intents)
        }
        const { state, refused } = await told(intents)
        expect(refused).toBe(0)
        expect(new Set(items.map((one) => one.name)).size).toBe(items.length)
        for (const one of items) {
          const goal = { pending: 'pending', in_progress: 'running', completed: 'completed' } as const
          expect(stands[goal[one.status]]).toContain(newestStatus(state, one.name))
        }
      }),
      { numRuns: 150 },
    )
  })

  it.each([
    [
      'an edited text at the same place is the same task',
      [['Knead', 'pending']],
      [['Knead well', 'in_progress']],
      ['describe-task todo-knead', 'reach-task todo-knead running'],
    ],
    [
      'a text known before is the same task at another place',
      [
        ['Knead', 'pending'],
        ['Bake', 'pending'],
      ],
      [
        ['Bake', 'completed'],
        ['Knead', 'pending'],
      ],
      ['reach-task todo-bake completed'],
    ],
    [
      'an item that left unfinished is cancelled',
      [['Knead', 'pending']],
      [],
      ['reach-task todo-knead cancelled'],
    ],
    ['a finished item that left is not', [['Knead', 'completed']], [], []],
    [
      'a second item with the same text is a second task',
      [['Knead', 'pending']],
      [
        ['Knead', 'pending'],
        ['Knead', 'pending'],
      ],
      ['reach-task todo-knead-2 pending'],
    ],
  ] as const)('%s', (_, before, after, expected) => {
    const raw = (list: readonly (readonly [string, RawItem['status']])[]): RawItem[] =>
      list.map(([words, status]) => ({ id: null, text: words, status }))
    const first = changeOfList('todo', [], raw(before))
    const { intents } = changeOfList('todo', first.items, raw(after))
    const shown = intents.map((one) =>
      one.type === 'reach-task'
        ? `${one.type} ${one.name} ${one.target}`
        : `${one.type} ${'name' in one ? one.name : ''}`,
    )
    expect(shown).toEqual(expected)
  })
})

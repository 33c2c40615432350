/**
 * Compiled machines, form by form.
 *
 * Goal: each way to write a guard, an assignment, a wildcard or a forbidden event means in a table what it means to XState, and what no table
 * holds is named. Method: one machine with all of them; each answer is written out, and XState is asked the same.
 */
import { describe, expect, it } from 'vitest'
import { assign, createMachine, raise, setup, transition } from 'xstate'
import { compileMachine } from '../../machines/compile.ts'
import { descriptorMatches } from '../../machines/compile-table.ts'
import { budgetMachine } from '../../machines/index.ts'

interface Context {
  readonly count: number
  readonly last: string
}
type Event = { readonly type: string; readonly by?: number }

const definition = setup({
  types: {} as { context: Context; events: Event },
  guards: {
    few: ({ context }) => context.count < 3,
    below: ({ context, event }, { limit }: { limit: number }) => context.count + (event.by ?? 0) < limit,
  },
  actions: {
    add: assign({ count: ({ context, event }) => context.count + (event.by ?? 1), last: 'added' }),
    put: assign((_, { to }: { to: number }) => ({ count: to })),
    tell: () => undefined,
    repeat: (_, { times }: { times: number }) => times,
  },
})

const make = () =>
  definition.createMachine({
    context: { count: 0, last: '' },
    initial: 'a',
    on: {
      whole: { target: '.b', actions: assign({ last: 'whole' }) },
      'news.*': { actions: assign({ last: ({ event }) => event.type }) },
    },
    states: {
      a: {
        on: {
          named: { guard: 'few', target: 'b', actions: 'add' },
          fixed: {
            guard: { type: 'below', params: { limit: 5 } },
            actions: { type: 'put', params: { to: 7 } },
          },
          worked: {
            guard: { type: 'below', params: ({ context }) => ({ limit: context.count + 2 }) },
            actions: [
              { type: 'put', params: ({ context, event }) => ({ to: context.count * 10 + (event.by ?? 0) }) },
              'add',
            ],
          },
          inline: [
            { guard: ({ event }) => event.by === 1, target: 'b' },
            { guard: ({ context }) => context.count === 2, target: 'c' },
          ],
          told: {
            actions: ['tell', { type: 'repeat', params: ({ event }) => ({ times: Number(event.by) }) }],
          },
          broken: {
            target: 'b',
            actions: {
              type: 'repeat',
              params: () => {
                throw new Error('no params')
              },
            },
          },
          'news.of.*': { target: 'c' },
          'news.of.all': { guard: 'few', target: 'b' },
        },
      },
      b: { on: { whole: {}, '*': { target: 'a' } } },
      c: { type: 'final' },
    },
  })

type Answer = readonly [accepted: boolean, value: string, context: Partial<Context>, status?: string]

describe('a table', () => {
  const machine = make()
  const before: Context = { count: 2, last: '' }

  it('holds all of it', () => {
    expect(compileMachine(make()).notHeld).toBeNull()
  })

  it.each<[string, string, Context, Event, Answer]>([
    [
      'a named guard that lets it through',
      'a',
      before,
      { type: 'named' },
      [true, 'b', { count: 3, last: 'added' }],
    ],
    ['a named guard that does not', 'a', { count: 3, last: '' }, { type: 'named' }, [false, 'a', {}]],
    [
      'a guard and an assignment with fixed parameters',
      'a',
      before,
      { type: 'fixed', by: 2 },
      [true, 'a', { count: 7 }],
    ],
    ['a guard with fixed parameters that does not', 'a', before, { type: 'fixed', by: 3 }, [false, 'a', {}]],
    [
      'parameters that are worked out, then another assignment',
      'a',
      before,
      { type: 'worked', by: 1 },
      [true, 'a', { count: 22, last: 'added' }],
    ],
    [
      'parameters that are worked out, and a guard that does not',
      'a',
      before,
      { type: 'worked', by: 2 },
      [false, 'a', {}],
    ],
    ['the first of two', 'a', before, { type: 'inline', by: 1 }, [true, 'b', {}]],
    ['the second of two', 'a', before, { type: 'inline' }, [true, 'c', {}, 'done']],
    ['neither of two', 'a', { count: 1, last: '' }, { type: 'inline' }, [false, 'a', {}]],
    ['actions that assign nothing', 'a', before, { type: 'told', by: 1 }, [true, 'a', {}]],
    ['what the machine as a whole accepts', 'a', before, { type: 'whole' }, [true, 'b', { last: 'whole' }]],
    ['what one state forbids', 'b', before, { type: 'whole' }, [false, 'b', {}]],
    [
      'what any state accepts by the beginning of its name',
      'a',
      before,
      { type: 'news.at.ten' },
      [true, 'a', { last: 'news.at.ten' }],
    ],
    ['the longer beginning', 'a', before, { type: 'news.of.late' }, [true, 'c', {}, 'done']],
    ['its own name before a beginning', 'a', before, { type: 'news.of.all' }, [true, 'b', {}]],
    [
      'a beginning after its own name',
      'a',
      { count: 3, last: '' },
      { type: 'news.of.all' },
      [true, 'c', {}, 'done'],
    ],
    ['anything else', 'b', before, { type: 'unheard.of' }, [true, 'a', {}]],
    ['nothing of the kind', 'a', before, { type: 'unheard.of' }, [false, 'a', {}]],
    ['nothing in a final state', 'c', before, { type: 'named' }, [false, 'c', {}, 'done']],
    [
      'what the whole accepts, in a final state',
      'c',
      before,
      { type: 'whole' },
      [true, 'b', { last: 'whole' }, 'done'],
    ],
  ])(
    'answers as XState does to %s',
    (_, value, context, event, [accepted, next, changes, status = 'active']) => {
      const snapshot = machine.resolveState({ value, context } as never)
      const [after] = transition(machine, snapshot, event)
      const step = { accepted, value: next, context: { ...context, ...changes }, status }
      if (value !== 'c')
        expect({ value: after.value, context: after.context }).toEqual({ value: next, context: step.context })
      expect(snapshot.can(event)).toBe(accepted)
      const alone = make()
      const compiled = compileMachine(alone)
      alone.resolveState = () => {
        throw new Error('XState was asked')
      }
      expect(compiled.step(value, context, event)).toEqual(step)
      expect(compiled.target(value, context, event)).toBe(accepted ? next : null)
    },
  )

  it('leaves to XState what throws, states that are not there, and events of its own', () => {
    const compiled = compileMachine(machine)
    expect(() => compiled.step('a', before, { type: 'broken' })).toThrow('no params')
    expect(() => compiled.target('nowhere', before, { type: 'named' })).toThrow('nowhere')
    expect(() => compiled.step('nowhere', before, { type: 'named' })).toThrow('nowhere')
    expect(() => compiled.step('b', before, { type: '*' })).toThrow('wildcard')
    expect(compiled.target('b', before, { type: 'xstate.init' })).toBe('b')
  })
})

describe('what no table holds is said', () => {
  const states = (a: object, more: object = {}) => ({ initial: 'a', states: { a, b: {}, ...more } })
  it.each<[string, object]>([
    ['the machine has `output`', { ...states({}), output: {} }],
    ['state a has `invoke`', states({ invoke: { src: 'x' } })],
    ['state h is history', states({}, { h: { type: 'history' } })],
    ['a transition on go has `when`', states({ on: { go: { target: 'b', when: 1 } } })],
    ['an action does more than assign', states({ on: { go: { actions: raise({ type: 'x' }) } } })],
    ['it has an unknown form', states({ on: { go: { actions: [{ what: 'x' }] } } })],
    ['it has an unknown form', states({ on: { go: { guard: 3, target: 'b' } } })],
    ['a guard is made of other guards', states({ on: { go: { guard: 'unknown', target: 'b' } } })],
  ])('%s', (what, config) => {
    expect(compileMachine(createMachine(config as never)).notHeld).toBe(what)
  })
})

describe('a descriptor', () => {
  it.each<[string, string, boolean]>([
    ['a.b', 'a.b', true],
    ['a.b', '*', true],
    ['a.b.c', 'a.*', true],
    ['a.b.c', 'a.b.*', true],
    ['a', 'a.b.*', false],
    ['ab.c', 'a.*', false],
    ['b.c', 'a.*', false],
    ['a.b', 'a', false],
    ['a.b.c', 'a.*.*', false],
    ['a.*', 'a.b', false],
  ])('means or does not mean: %s by %s', (type, descriptor, matches) => {
    expect(descriptorMatches(type, descriptor)).toBe(matches)
  })
})

describe('the budget machine', () => {
  it('begins with an empty window, in normal, under its own name', () => {
    const [snapshot] = [budgetMachine.getInitialSnapshot({} as never)]
    expect([budgetMachine.id, snapshot.value, snapshot.context]).toEqual(['budget', 'normal', { percent: 0 }])
  })

  it('leads from each phase to the others, and lists no guarded way from a phase to itself', () => {
    for (const [from, node] of Object.entries(budgetMachine.states)) {
      const ways = [...node.transitions.values()].flat()
      const targets = ways.map(({ target }) => target?.[0]?.key)
      expect(targets).toHaveLength(5)
      expect(new Set(targets)).toEqual(new Set(Object.keys(budgetMachine.states)))
      expect(ways.filter(({ guard }) => guard === undefined).map(({ target }) => target?.[0]?.key)).toEqual([
        from,
      ])
    }
  })
})

/** A machine of somebody else, small and with one of each: an effect, timers, a child machine, an action of its own, final states. */
import { assign, createMachine, fromPromise, setup } from 'xstate'

const parcel = createMachine({
  id: 'parcel',
  context: { label: null },
  initial: 'empty',
  states: {
    empty: {
      on: { PACK: { target: 'packed', actions: assign({ label: ({ event }) => event['label'] ?? null }) } },
    },
    packed: { after: { 1000: 'sent' } },
    sent: { type: 'final' },
  },
})

interface OrderContext {
  readonly items: readonly string[]
  readonly receipt: string | null
  readonly failures: number
}

export const orderMachine = setup({
  types: {
    context: {} as OrderContext,
    events: {} as { type: 'ADD'; item: string } | { type: 'PAY' } | { type: 'CANCEL' } | { type: 'RETURN' },
    input: {} as { items?: readonly string[] } | undefined,
  },
  actors: {
    charge: fromPromise(async ({ input }: { input: { count: number } }) => `receipt for ${input.count}`),
    parcel,
  },
  actions: { thank: () => {} },
}).createMachine({
  id: 'order',
  version: '1',
  context: ({ input }) => ({ items: input?.items ?? [], receipt: null, failures: 0 }),
  initial: 'open',
  states: {
    open: {
      on: {
        ADD: { actions: assign({ items: ({ context, event }) => [...context.items, event.item] }) },
        PAY: { guard: ({ context }) => context.items.length > 0, target: 'paying' },
        CANCEL: 'cancelled',
      },
      after: { 60000: 'forgotten' },
    },
    paying: {
      invoke: {
        id: 'charge',
        src: 'charge',
        input: ({ context }) => ({ count: context.items.length }),
        onDone: { target: 'shipping', actions: [assign({ receipt: ({ event }) => event.output }), 'thank'] },
        onError: { target: 'open', actions: assign({ failures: ({ context }) => context.failures + 1 }) },
      },
      on: { CANCEL: 'cancelled' },
    },
    shipping: { invoke: { id: 'parcel', src: 'parcel', onDone: 'done' } },
    forgotten: { on: { RETURN: 'open' } },
    cancelled: { type: 'final' },
    done: { type: 'final' },
  },
})

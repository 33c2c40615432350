/**
 * Goal: every verb works on a machine's stream as on a session's, and `verify --machines` asks the machine again.
 * Method: a machine is run by the library in a home of its own; the built command reads it, with modules that export it as it was, changed, or not at all.
 */
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { assign, setup } from 'xstate'
import { durable, Waymark } from '../../src/index.ts'
import { makePlace, type Place } from './support.ts'

const xstate = pathToFileURL(createRequire(import.meta.url).resolve('xstate')).href

const order = setup({
  types: {} as { context: { paid: number }; events: { type: 'PAY'; amount: number } | { type: 'SHIP' } },
}).createMachine({
  id: 'order',
  version: '1',
  context: { paid: 0 },
  initial: 'open',
  states: {
    open: {
      after: { 60000: 'late' },
      on: { PAY: { target: 'paid', actions: assign({ paid: ({ event }) => event.amount }) } },
    },
    late: {},
    paid: { on: { SHIP: 'shipped' } },
    shipped: { type: 'final' },
  },
})

/** The same machine as a module of a user's, which pays `factor` times what was sent. */
const moduleText = (factor: number): string => `
import { assign, setup } from ${JSON.stringify(xstate)}
export const order = setup({}).createMachine({
  id: 'order', version: '1', context: { paid: 0 }, initial: 'open',
  states: {
    open: {
      after: { 60000: 'late' },
      on: { PAY: { target: 'paid', actions: assign({ paid: ({ event }) => event.amount * ${factor} }) } },
    },
    late: {}, paid: { on: { SHIP: 'shipped' } }, shipped: { type: 'final' },
  },
})
`

async function place(): Promise<Place> {
  const made = await makePlace()
  const waymark = await Waymark.open({ home: made.home })
  const actor = await durable(order, { log: waymark, id: 'order-42', title: 'an order' })
  await actor.send({ type: 'PAY', amount: 30 })
  await actor.checkpoint({ reason: 'paid' })
  await actor.stop()
  await waymark.close()
  writeFileSync(join(made.folder, 'order.mjs'), moduleText(1))
  writeFileSync(join(made.folder, 'changed.mjs'), moduleText(2))
  writeFileSync(join(made.folder, 'none.mjs'), 'export const order = 1')
  return made
}

const run = async (made: Place, ...args: string[]) => made.run(args)

describe("a machine's stream on the command line", () => {
  it('is listed, shown, told, compared and searched as a session is', async () => {
    const made = await place()
    const [listed] = JSON.parse((await run(made, 'list', '--json')).stdout)
    expect(listed).toMatchObject({
      kind: 'machine',
      nativeId: 'order-42',
      machine: { machineId: 'order', status: 'active', value: 'paid' },
    })
    const shown = await run(made, 'show', 'order-42')
    expect(shown.stdout).toMatch(/machine\torder 1, active: paid/)
    expect((await run(made, 'log', 'order-42')).stdout).toMatch(/machine\.transitioned\tPAY: paid/)
    expect((await run(made, 'diff', 'order-42@1', 'order-42')).stdout).toContain(
      'machine.snapshot.context.paid\t0\t30',
    )
    const found = JSON.parse(
      (await run(made, 'bisect', 'order-42', 'machine.snapshot.context.paid > 0', '--json')).stdout,
    )
    expect(found.version).toBe(2)
    expect((await run(made, 'replay', 'order-42')).code).toBe(0)
    expect((await run(made, 'fork', 'order-42', '--at', '1')).code).toBe(0)
    expect((await run(made, 'recover', 'order-42')).code).toBe(0)
  })

  it('is verified without the machine, with it, and with a changed one', async () => {
    const made = await place()
    const without = await run(made, 'verify', 'order-42')
    expect(without.code).toBe(0)
    expect(without.stderr).toContain('not asked: 2 batches, as they are of a machine that is not at hand')
    const same = await run(made, 'verify', 'order-42', '--machines', './order.mjs')
    expect(same.code).toBe(0)
    expect(same.stderr).toContain('each follows from its command')
    const changed = await run(made, 'verify', 'order-42', '--machines', './changed.mjs')
    expect(changed.code).toBe(1)
    expect(changed.stdout).toMatch(/diverges\t.*\t2\tmachine-changed: machine\.send/)
    const none = await run(made, 'verify', 'order-42', '--machines', './none.mjs')
    expect(none.code).toBe(2)
    expect(none.stderr).toContain('it exports no machine')
  })

  it('refuses what needs the machine, and says how to have it', async () => {
    const made = await place()
    const refused = await run(made, 'send', 'order-42', '{"type":"machine.send","event":{"type":"SHIP"}}')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('durable()')
  })
})

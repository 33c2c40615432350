/**
 * Goal: every verb works on a machine's stream as on a session's, and `verify --machines` asks the machine again.
 * Method: a machine is run by the library in a home of its own; the built command reads it, with modules that export it as it was, changed, or not at all.
 */
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { assign, createMachine, fromPromise, setup } from 'xstate'
import { durable, Waymark } from '../../src/index.ts'
import { listShape, showShape, treeShape } from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

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

/** A machine with one of each that waits: an effect, timers of its own and of a child, an event it does not know, an action that fails. */
const parcel = setup({
  actors: {
    carrier: createMachine({
      id: 'carrier',
      context: { stops: 2 },
      initial: 'asleep',
      states: { asleep: { after: { 500000: 'awake' } }, awake: {} },
    }),
    pack: fromPromise(() => new Promise(() => {})),
  },
  actions: {
    fail: () => {
      throw new Error('no label')
    },
  },
}).createMachine({
  id: 'parcel',
  context: { lines: [{ sku: 'a' }], note: 'x'.repeat(500), paid: 0 },
  initial: 'packing',
  invoke: { src: 'carrier', id: 'carrier' },
  states: {
    packing: {
      invoke: { src: 'pack', id: 'pack' },
      after: { 600000: 'late' },
      on: { LABEL: { actions: 'fail' }, SEND: 'sent' },
    },
    late: {},
    sent: { type: 'final' },
  },
})

/** A home with a parcel that waits and one that is gone, neither with a title. */
async function parcels(): Promise<Place> {
  const made = await makePlace()
  const waymark = await Waymark.open({ home: made.home })
  const options = { log: waymark, unknownEvents: 'record' } as const
  const waiting = await durable(parcel, { ...options, id: 'parcel-1' })
  await waiting.send({ type: 'LABEL' })
  await waiting.send({ type: 'UNKNOWN' })
  await waiting.stop()
  const gone = await durable(parcel, { ...options, id: 'parcel-2' })
  await gone.send({ type: 'SEND' })
  await gone.stop()
  await waymark.close()
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

  it('is told apart from others in a list and a tree, and said to be done when it is', async () => {
    const made = await parcels()
    const columns = async (...args: string[]) =>
      (await run(made, ...args)).stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'))
    const ends = [
      ['', 'machine', 'parcel-1', 'parcel', 'packing'],
      ['', 'machine', 'parcel-2', 'parcel', 'sent'],
    ]
    const listed = await columns('list')
    expect(listed.map((cells) => cells.slice(-5))).toEqual(ends)
    expect(listed.map(([, status]) => status)).toEqual(['active', 'done'])
    const placed = await columns('tree')
    expect(placed.map((cells) => cells.slice(-5))).toEqual(ends)
    expect(placed.map((cells) => cells[4])).toEqual(['active', 'done'])
    for (const verb of ['list', 'tree']) {
      const { stdout } = await made.run([verb], { environment: { WAYMARK_LAYOUT: 'aligned' } })
      expect(stdout).toMatch(
        /active .*parcel-1 \(machine parcel: packing\)\n.*done .*parcel-2 \(machine parcel: sent\)\n/,
      )
    }
    const machine = { machineId: 'parcel', status: 'done', value: 'sent' }
    expect(listShape.parse(JSON.parse((await run(made, 'list', '--json')).stdout))[1]).toMatchObject({
      machine,
    })
    const [, node] = treeShape.parse(JSON.parse((await run(made, 'tree', '--json')).stdout))
    expect(node).toMatchObject({ nativeId: 'parcel-2', machine })
  })

  it('is shown with its context, and with all it waits for', async () => {
    const made = await parcels()
    const { stdout } = await run(made, 'show', 'parcel-1')
    const facts = stdout
      .split('\n')
      .flatMap((line) => (line.startsWith('L2') ? [line.split('\t').slice(1)] : []))
    const time = expect.stringMatching(/, due \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
    expect(facts.slice(0, -1)).toEqual([
      ['machine', 'parcel, active: packing'],
      ['context', 'lines = [{"sku":"a"}]'],
      ['context', `note = "${'x'.repeat(158)}…`],
      ['context', 'paid = 0'],
      ['timer', time],
      ['timer', time],
      ['effect', expect.stringMatching(/ pack, runs since version 1$/)],
      ['child', 'carrier, active: asleep'],
      ['ignored', '1 event'],
      ['failed', '1 action'],
    ])
    const { layers } = showShape.parse(JSON.parse((await run(made, 'show', 'parcel-1', '--json')).stdout))
    expect(layers.activeContext.machine).toMatchObject({
      context: { paid: 0, note: 'x'.repeat(500) },
      children: [{ path: 'carrier', src: 'carrier', status: 'active', value: 'asleep' }],
    })
    expect((await run(made, 'show', 'parcel-2')).stdout).toContain('status\tactive (machine done)')
  })

  it('is named in a brief and in a replay, with where it is', async () => {
    const made = await parcels()
    const { stdout: brief } = await run(made, 'brief', 'parcel-1', '--level', '1')
    expect(brief).toMatch(
      /## Machine\n- parcel-1: machine parcel, active: packing\n- Last step: LABEL: packing, \d/,
    )
    expect(brief).toContain('- Waits for: effect pack, running since version 1')
    expect(brief.match(/- Waits for: timer .*, due \d/g)).toHaveLength(2)
    expect(brief).not.toContain('Nothing is recorded yet')
    expect((await run(made, 'replay', 'parcel-2')).stdout).toContain('machine\tparcel, done: sent\n')
  })

  it('says what to type where a session could be rewound, merged or played otherwise', async () => {
    const made = await place()
    const fork = (await run(made, 'fork', 'order-42', '--at', '1')).stdout.trim()
    for (const dry of [[], ['--dry-run']]) {
      const rewound = await run(made, 'rewind', 'order-42', '--to', '1', ...dry)
      expect(rewound.code).toBe(1)
      expect(rewound.stderr).toContain('hint: waymark fork order-42 --at 1 begins a stream')
      const merged = await run(made, 'merge', 'order-42', fork, ...dry)
      expect(merged.code).toBe(1)
      expect(merged.stderr).toContain('waymark fork order-42 --at <version>')
    }
    for (const verb of ['rewind', 'merge'])
      expect((await run(made, 'help', verb)).stdout).toMatch(/Not for machines/)
    const played = await run(made, 'replay', 'order-42', '--machines', './order.mjs')
    expect(played.code).toBe(2)
    expect(played.stderr).toContain(
      "it exports what runs on the log (order), and none to decide in the place of Waymark's own",
    )
    expect(played.stderr).toContain('hint: waymark verify <session> --machines ./order.mjs')
    const none = await run(made, 'replay', 'order-42', '--machines', './none.mjs')
    expect(none.stderr).toMatch(
      /it exports no machine\nhint: .*taskMachine.* under any other name, machines that run on the log/,
    )
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
    const hint =
      'hint: send it in a program that has the machine: const actor = await durable(machine, { log: waymark, id: "order-42" })'
    expect(refused.stderr).toContain(hint)
    const streamed = await made.run(['send', 'order-42', '-'], {
      input: '{"type":"machine.send","event":{"type":"SHIP"}}\n',
    })
    expect(streamed.code).toBe(1)
    expect(streamed.stderr).toContain(hint)
    // No machine was ever there: none is advised.
    const session = (await run(made, 'new')).stdout.trim()
    const plain = await run(made, 'send', session, '{"type":"machine.send","event":{"type":"SHIP"}}')
    expect(plain.stderr).toContain('no machine runs in it')
    expect(plain.stderr).not.toContain('hint')
  })
})

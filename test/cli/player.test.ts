/**
 * The player without a terminal. Goal: every key does what the help says, and the screen fits whatever room there is. Method: a session is
 * made in memory; keys are pressed on the model, and screens are drawn from it.
 */
import { emitKeypressEvents } from 'node:readline'
import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { widthOf } from '../../src/cli/layout.ts'
import { barParts, columnAt, emptyBar, marked } from '../../src/cli/player/bar.ts'
import { actionOf, bindings, type Key } from '../../src/cli/player/keys.ts'
import {
  arrived,
  beginning,
  type PlayerModel,
  press,
  speeds,
  told,
  type Wish,
  waitBefore,
} from '../../src/cli/player/model.ts'
import { playerLines, type ScreenSize } from '../../src/cli/player/view.ts'
import type { Command } from '../../src/events/commands.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { openStepper, type Stepper } from '../../src/replay/stepper/stepper.ts'
import { play } from '../../src/testing/play.ts'

const window = { totalTokens: 100_000, source: 'stated' } as const

const story: readonly Command[] = [
  { type: 'session.start', title: 'Accounts', windowTokens: window.totalTokens },
  { type: 'task.add', taskId: 'A', title: 'Log in' },
  { type: 'task.start', taskId: 'A' },
  { type: 'context.measure', contextTokens: 70_000 },
  { type: 'task.add', taskId: 'B', title: 'Log \u001b[2Jout' },
  { type: 'context.measure', contextTokens: 90_000 },
  { type: 'task.complete', taskId: 'A' },
]

async function stepperOf(commands: readonly Command[] = story): Promise<Stepper> {
  const log = new MemoryLog()
  const { sessionId } = await play(log, commands, { policies: [] })
  return openStepper(log, sessionId)
}

function modelOf({ here, newest }: Stepper): PlayerModel {
  return beginning(here, { title: null, newest, speed: 1, playing: false })
}

function screen(model: PlayerModel, size: ScreenSize = { columns: 80, rows: 24 }): readonly string[] {
  return playerLines(model, emptyBar(model.newest), size).map((line) => line.map(({ text }) => text).join(''))
}

const key = (sequence: string): Key => ({ sequence, name: sequence.toLowerCase() })

function pressAll(
  model: PlayerModel,
  keys: readonly Key[],
): { readonly model: PlayerModel; readonly wishes: readonly Wish[] } {
  const wishes: Wish[] = []
  let now = model
  for (const one of keys) {
    const pressed = press(now, one)
    now = pressed.model
    if (pressed.wish !== null) wishes.push(pressed.wish)
  }
  return { model: now, wishes }
}

const typed = (text: string): readonly Key[] => Array.from(text, key)
const enter: Key = { name: 'return', sequence: '\r' }

describe('keys', () => {
  it('have one meaning each, and all are in the help', async () => {
    const all = bindings.flatMap(({ keys }) => keys)
    expect(new Set(all).size).toBe(all.length)
    const lines = screen({ ...modelOf(await stepperOf()), help: true }, { columns: 80, rows: 40 }).join('\n')
    for (const { help } of bindings) expect(lines).toContain(help[1])
  })

  it('tell N from n, arrows by their names, and Ctrl-C from c', () => {
    expect(actionOf({ name: 'n', sequence: 'n' })).toBe('again')
    expect(actionOf({ name: 'n', sequence: 'N' })).toBe('again-backwards')
    expect(actionOf({ name: 'right', sequence: '\u001b[C' })).toBe('next')
    expect(actionOf({ name: 'c', sequence: 'c' })).toBe('path')
    expect(actionOf({ name: 'c', sequence: '\u0003', ctrl: true })).toBe('interrupt')
    expect(actionOf({ name: 'x', sequence: 'x' })).toBeNull()
    expect(actionOf({})).toBeNull()
  })

  it('play and pause, and a step of one\u2019s own pauses', async () => {
    const paused = modelOf(await stepperOf())
    const playing = press(paused, key(' ')).model
    expect(press(paused, { name: 'space', sequence: ' ' }).model.playing).toBe(true)
    const { model, wish } = press({ ...playing, playing: true }, { name: 'right', sequence: '\u001b[C' })
    expect([model.playing, wish]).toEqual([false, { kind: 'next' }])
  })

  it('change the speed within its bounds', async () => {
    const model = modelOf(await stepperOf())
    const fast = pressAll(
      model,
      Array.from({ length: 20 }, () => key('+')),
    ).model
    const slow = pressAll(
      model,
      Array.from({ length: 20 }, () => key('-')),
    ).model
    expect([fast.speed, slow.speed, press(model, key('+')).model.speed]).toEqual([
      speeds.at(-1),
      speeds[0],
      2,
    ])
  })

  it('ask for versions, times, types and paths, and for the same again', async () => {
    const model = modelOf(await stepperOf())
    const go = pressAll(model, [key('g'), ...typed('12'), enter, key(':'), ...typed('2026-01-01'), enter])
    expect(go.wishes).toEqual([
      { kind: 'to', when: 12 },
      { kind: 'to', when: '2026-01-01T00:00:00.000Z' },
    ])
    const find = pressAll(model, [key('/'), ...typed('task'), enter, key('n'), key('c'), ...typed('epochs')])
    const back: Key = { name: 'backspace', sequence: '\u007f' }
    const more = pressAll(find.model, [back, enter, { name: 'n', sequence: 'N' }])
    const path = { kind: 'path', text: 'epoch' }
    const type = { kind: 'type', text: 'task' }
    expect([...find.wishes, ...more.wishes]).toEqual([
      { kind: 'find', wanted: type, forwards: true },
      { kind: 'find', wanted: type, forwards: true },
      { kind: 'find', wanted: path, forwards: true },
      { kind: 'find', wanted: path, forwards: false },
    ])
  })

  it('typing is left without a wish by Esc and by an empty line, holds a bounded line, and takes no control character', async () => {
    const model = modelOf(await stepperOf())
    const leave: Key = { name: 'escape', sequence: '\u001b' }
    expect(pressAll(model, [key('g'), ...typed('12'), leave])).toEqual({ model, wishes: [] })
    expect(pressAll(model, [key('g'), enter]).wishes).toEqual([])
    const long = pressAll(model, [key('/'), ...typed('x'.repeat(1_000))]).model.typing?.text
    expect(long).toHaveLength(limits.idCharactersMax)
    const odd = pressAll(model, [key('/'), key('\u0007'), key('\u001b[5~'), key('é')]).model.typing?.text
    expect(odd).toBe('é')
  })

  it('an Esc and a key that come together close the line and press the key; Ctrl-C leaves from there too', async () => {
    const model = modelOf(await stepperOf())
    const keys: Key[] = []
    const input = new PassThrough()
    emitKeypressEvents(input)
    input.on('keypress', (_text, pressed: Key) => keys.push(pressed))
    input.write('g12')
    input.write('\u001b')
    input.write('l')
    await vi.waitFor(() => expect(keys).toHaveLength(4))
    expect(pressAll(model, keys)).toEqual({ model, wishes: [{ kind: 'next' }] })
    const interrupted = pressAll(model, [key('g'), { name: 'c', sequence: '\u0003', ctrl: true }])
    expect(interrupted.wishes).toEqual([{ kind: 'interrupt' }])
  })

  it.each(['-3', 'yesterday', '12x'])('no version and no time (%s) is told in the line', async (text) => {
    const { model, wishes } = pressAll(modelOf(await stepperOf()), [key('g'), ...typed(text), enter])
    expect(wishes).toEqual([])
    expect(model.message?.text).toContain(`"${text}" is no time and no version`)
  })

  it('nothing to look for again is said; the next key takes the message away; leaving is a wish', async () => {
    const model = modelOf(await stepperOf())
    const asked = press(model, key('n')).model
    expect(asked.message?.text).toContain('nothing was looked for yet')
    expect(press(asked, key('+')).model.message).toBeNull()
    expect(press(model, key('q')).wish).toEqual({ kind: 'quit' })
    expect(press(model, { name: 'c', ctrl: true }).wish).toEqual({ kind: 'interrupt' })
    expect(press({ ...model, help: true }, key('q')).wish).toEqual({ kind: 'quit' })
    expect(press({ ...model, help: true }, key('l'))).toEqual({ model, wish: null })
  })

  it('leaps go through a session in twenty keys, and not beyond its ends', async () => {
    const model = { ...modelOf(await stepperOf()), newest: 1_000 }
    expect(press(model, { name: 'pagedown' }).wish).toEqual({ kind: 'to', when: 50 })
    expect(press(model, { name: 'pageup' }).wish).toEqual({ kind: 'to', when: 0 })
  })
})

describe('waiting', () => {
  it('takes as long as it took, long waits cut, divided by the speed', async () => {
    const stepper = await stepperOf()
    const one = await stepper.next()
    const two = await stepper.next()
    if (one === null || two === null) throw new Error('the session has two steps')
    const at = (time: string) => ({ ...two, events: two.events.map((event) => ({ ...event, time })) })
    const begin = one.events[0]?.time ?? ''
    const later = (ms: number) => at(new Date(Date.parse(begin) + ms).toISOString())
    expect(waitBefore(one, later(500), 1)).toBe(500)
    expect(waitBefore(one, later(500), 4)).toBe(125)
    expect(waitBefore(one, later(86_400_000), 1)).toBe(limits.playerWaitMs)
    expect(waitBefore(one, later(-5_000), 1)).toBe(0)
  })
})

describe('the bar', () => {
  it('shows the highest phase of each column, and what nobody has looked at', () => {
    let bar = emptyBar(100)
    const text = (columns: number) =>
      barParts(bar, columns)
        .map((part) => part.text)
        .join('')
    expect(text(10)).toBe('..........')
    bar = marked(bar, 1, 50, 0)
    bar = marked(bar, 51, 51, 3)
    bar = marked(bar, 52, 80, 1)
    expect(text(10)).toBe('-----#~~..')
    expect(barParts(bar, 10).map(({ tone }) => tone)).toEqual(['good', 'bad', 'notice', 'quiet'])
    expect(text(1)).toBe('#')
  })

  it('law: a cursor is below the place of its version, and never outside', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5_000_000 }),
        fc.integer({ min: 1, max: 300 }),
        fc.nat(),
        (newest, columns, any) => {
          const bar = emptyBar(newest)
          const column = columnAt(bar, any % (newest + 1), columns)
          expect(column).toBeGreaterThanOrEqual(0)
          expect(column).toBeLessThan(columns)
          expect(columnAt(bar, 1, columns)).toBe(0)
          expect(bar.places.length).toBeLessThanOrEqual(limits.playerBarPlacesMax)
        },
      ),
    )
  })
})

describe('the screen', () => {
  it('shows the place, the gauge, the event, what changed at it, and the tasks by status', async () => {
    const stepper = await stepperOf()
    await stepper.to(stepper.newest)
    const lines = screen(arrived(modelOf(stepper), stepper.here, stepper.newest))
    expect(lines).toHaveLength(24)
    expect(lines[0]).toMatch(/^sess_[0-9a-f]{8} {2}Accounts$/)
    expect(lines[1]).toMatch(/^paused {2}1x {2}version (\d+) of \1 {2}\d{4}-/)
    expect(lines[3]).toBe(`${' '.repeat(columnAt(emptyBar(stepper.newest), stepper.newest, 80))}^`)
    const text = lines.join('\n')
    expect(text).toMatch(/window \[#{23} +\] 90,000 of 100,000 tokens \(90\.0 %\), emergency/)
    expect(text).toContain('task A completed')
    expect(text).toContain('~ tasks.A.status: token_warning → completed')
    expect(text).toMatch(/^ {2}completed +1 {2}A Log in$/m)
    expect(lines.at(-1)).toContain('space play')
  })

  it('says where there is nothing yet', async () => {
    const text = screen(modelOf(await stepperOf())).join('\n')
    expect(text).toContain('before the first event')
    expect(text).toContain('nothing yet')
    expect(text).not.toContain('bookkeeping')
  })

  it('shows what is typed and what is said in its last line, and the title where it is known', async () => {
    const model = modelOf(await stepperOf())
    expect(screen({ ...model, typing: { kind: 'path', text: 'tasks' } }).at(-1)).toBe(
      'next change of path: tasks_',
    )
    expect(screen(told(model, 'no version 9', 'bad')).at(-1)).toBe('no version 9')
  })

  it('writes control characters out', async () => {
    const stepper = await stepperOf()
    await stepper.to(stepper.newest)
    const text = screen(modelOf(stepper)).join('\n')
    expect(text).toContain('Log \\u001b[2Jout')
    expect(text).not.toContain('\u001b')
  })

  it('law: it fits into a terminal of any size, whatever stands in the session', async () => {
    const titles = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
      fc.constant('漢字仮名交文😀'),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(titles, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 50 }),
        fc.boolean(),
        async (names, columns, rows, help) => {
          const tasks = names.map(
            (title, index): Command => ({ type: 'task.add', taskId: `T${index}`, title }),
          )
          const stepper = await stepperOf([...story, ...tasks])
          await stepper.to(stepper.newest)
          const lines = screen({ ...modelOf(stepper), help }, { columns, rows })
          expect(lines).toHaveLength(rows)
          expect(lines.filter((line) => widthOf(line) > columns)).toEqual([])
        },
      ),
      { numRuns: 60 },
    )
  })

  it('says how many lines were left out', async () => {
    const tasks = Array.from(
      { length: 8 },
      (_, n): Command => ({ type: 'task.add', taskId: `T${n}`, title: `${n}` }),
    )
    const starts = tasks.map((_, n): Command => ({ type: 'task.start', taskId: `T${n}` }))
    const stepper = await stepperOf([
      ...story,
      ...tasks,
      ...starts,
      { type: 'context.measure', contextTokens: 100 },
    ])
    await stepper.to(stepper.newest)
    expect(screen(modelOf(stepper), { columns: 80, rows: 18 }).join('\n')).toMatch(/… \d+ more lines/)
  })
})

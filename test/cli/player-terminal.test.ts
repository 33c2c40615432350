/**
 * `waymark replay` in a terminal. Goal: it plays, goes where the keys say, and gives the terminal back however it ends; where there is
 * no terminal it prints as ever. Method: the real command in a real pseudo-terminal, keys sent, the screen read.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { inTerminal, whyNoTerminal, withoutEscapes } from './pseudo-terminal.ts'
import * as shapes from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const missing = whyNoTerminal()

/** A session of eleven commands, a second apart. */
async function played(): Promise<{ readonly place: Place; readonly id: string }> {
  const place = await makePlace()
  const id = await place.session({ title: 'Accounts', windowTokens: 100_000 })
  await place.send(
    id,
    { type: 'task.add', taskId: 'A', title: 'Log in' },
    { type: 'task.start', taskId: 'A' },
    { type: 'context.measure', contextTokens: 70_000 },
    { type: 'task.add', taskId: 'B', title: 'Log out' },
    { type: 'context.measure', contextTokens: 90_000 },
    { type: 'task.complete', taskId: 'A' },
  )
  return { place, id }
}

const entered = '\u001b[?1049h'
const left = '\u001b[?1049l'
const cursorBack = '\u001b[?25h'

describe.skipIf(missing !== null)(
  `the player in a terminal${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    it('plays a session to its end, and shows the bar, the gauge and the tasks', {
      timeout: 60_000,
    }, async () => {
      const { place, id } = await played()
      const terminal = inTerminal(place, ['replay', id, '--speed', '64'])
      const screen = await terminal.shows(/the newest event/)
      const text = screen.join('\n')
      expect(screen).toHaveLength(24)
      expect(text).toMatch(/^paused {2}64x {2}version (\d+) of \1 /m)
      expect(text).toMatch(/^-+~*-*~+[=#]+$/m)
      expect(text).toMatch(/90,000 of 100,000 tokens/)
      expect(text).toMatch(/completed +1 {2}A Log in/)
      terminal.type('q')
      expect(await terminal.ended).toBe(0)
      expect(terminal.written()).toContain(entered)
      expect(terminal.written().indexOf(left)).toBeGreaterThan(terminal.written().indexOf(entered))
      expect(withoutEscapes(terminal.written())).toContain('left at version')
    })

    it('steps, goes, looks for types and changes, and says what it does not find', {
      timeout: 60_000,
    }, async () => {
      const { place, id } = await played()
      const terminal = inTerminal(place, ['replay', id, '--from', '0'])
      await terminal.shows(/version 0 of/)
      terminal.type('\u001b[C')
      await terminal.shows(/version 1 of[\s\S]*session started/)
      terminal.type('/task.started\r')
      await terminal.shows(/task A started[\s\S]*~ tasks\.A\.status: pending → in_progress/)
      terminal.type('ctasks.A.status\r')
      await terminal.shows(/~ tasks\.A\.status: in_progress → token_warning/)
      terminal.type('n')
      await terminal.shows(/~ tasks\.A\.status: token_warning → completed/)
      terminal.type('NN')
      await terminal.shows(/~ tasks\.A\.status: pending → in_progress/)
      terminal.type('\u001b[D')
      await terminal.shows(/task A added/)
      terminal.type('/task.failed\r')
      await terminal.shows(/no event of type task\.failed found after this place/)
      terminal.type('/task.faild\r')
      await terminal.shows(/no event has the type "task\.faild" \(did you mean task\.failed/)
      terminal.type('ctasks.A.sttus\r')
      await terminal.shows(/no state has a path tasks\.A\.sttus/)
      terminal.type('g99999\r')
      await terminal.shows(/has no version 99999/)
      terminal.type('gyesterday\r')
      await terminal.shows(/"yesterday" is no time/)
      terminal.type('0')
      await terminal.shows(/version 0 of/)
      terminal.type('?')
      await terminal.shows(/leave; while it looks/)
      terminal.type('q')
      expect(await terminal.ended).toBe(0)
    })

    it('takes a long line that comes in one piece, with its end', { timeout: 60_000 }, async () => {
      const { place, id } = await played()
      const terminal = inTerminal(place, ['replay', id, '--from', '0'])
      await terminal.shows(/version 0 of/)
      terminal.type(`/${'x'.repeat(150)}\r`)
      await terminal.shows(/no event has the type\s+"x+/)
      terminal.type('g\u0003')
      expect(await terminal.ended).toBe(130)
    })

    it('fits a terminal that becomes smaller', { timeout: 60_000 }, async () => {
      const { place, id } = await played()
      const terminal = inTerminal(place, ['replay', id, '--from', '3'])
      await terminal.shows(/version 3 of/)
      terminal.resize(24, 7)
      const screen = await terminal.shows(/^.{0,24}\n(.{0,24}\n){5}.{0,24}$/)
      expect(screen).toHaveLength(7)
      terminal.type('q')
      expect(await terminal.ended).toBe(0)
    })

    it.each([
      ['Ctrl-C', (terminal: ReturnType<typeof inTerminal>) => terminal.type('\u0003'), 130],
      ['SIGINT', (terminal: ReturnType<typeof inTerminal>) => terminal.signal('SIGINT'), 130],
      ['SIGTERM', (terminal: ReturnType<typeof inTerminal>) => terminal.signal('SIGTERM'), 143],
    ])('gives the terminal back at %s', { timeout: 60_000 }, async (_name, end, code) => {
      const { place, id } = await played()
      const terminal = inTerminal(place, ['replay', id])
      await terminal.shows(/version \d+ of/)
      end(terminal)
      expect(await terminal.ended).toBe(code)
      expect(terminal.written()).toContain(`${cursorBack}${left}`)
    })

    it('leaves the terminal as it is where the session has no such version', {
      timeout: 60_000,
    }, async () => {
      const { place, id } = await played()
      const terminal = inTerminal(place, ['replay', id, '--from', '99999'])
      expect(await terminal.ended).toBe(2)
      expect(withoutEscapes(terminal.written())).toMatch(
        /has no version 99999[\s\S]*hint: its versions are 0 to/,
      )
      expect(terminal.written()).not.toContain(entered)
    })

    it('uses no colour where none is wanted, and the same signs', { timeout: 60_000 }, async () => {
      const { place, id } = await played()
      const terminal = inTerminal(place, ['replay', id, '--from', '5'], { environment: { NO_COLOR: '1' } })
      await terminal.shows(/^-+~+[=#]+$/m)
      terminal.type('q')
      expect(await terminal.ended).toBe(0)
      expect(
        terminal
          .written()
          .split('\u001b[')
          .filter((part) => /^\d+m/.test(part)),
      ).toEqual([])
    })

    it('prints where the terminal is dumb or something else is asked for', { timeout: 60_000 }, async () => {
      const { place, id } = await played()
      const dumb = inTerminal(place, ['replay', id], { environment: { TERM: 'dumb' } })
      const others = [['--timeline'], ['--to', '3'], ['--no-input'], ['--json']].map((options) =>
        inTerminal(place, ['replay', id, ...options]),
      )
      for (const terminal of [dumb, ...others]) {
        expect(await terminal.ended).toBe(0)
        expect(terminal.written()).toMatch(/state hash|stateHash/)
        expect(terminal.written()).not.toContain(entered)
      }
    })
  },
)

describe('where there is no terminal', () => {
  it('a session is printed as ever', async () => {
    const { place, id } = await played()
    const { code, stdout } = await place.run(['replay', id])
    expect([code, stdout.split('\n')[0]]).toEqual([0, `session\t${id}`])
    expect((await place.json(shapes.replayShape, 'replay', id)).same).toBe(true)
  })

  it.each([
    [['--play'], 'stdin is no terminal'],
    [['--from', '3'], 'a session is played in a terminal'],
    [['--play', '--json'], '--json is for programs'],
    [['--speed', 'fast'], 'a speed is written as 2 or 0.5'],
    [['--speed', '0'], 'a speed is above 0 and at most 1024'],
    [['--speed', '9999'], 'a speed is above 0 and at most 1024'],
    [['--from', 'yesterday'], 'a version (12) or a time'],
    [['--play', '--timeline'], '--to and --timeline print'],
    [['--events', '--to', '3'], '--to and --timeline print'],
  ])('%j is wrong use, and says what to do', async (options, says) => {
    const { place, id } = await played()
    const { code, stdout, stderr } = await place.run(['replay', id, ...options])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(says)
    expect(stderr).toMatch(/hint/)
  })
})

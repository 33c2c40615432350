/** The terminal while a player has it: a screen of its own, keys one by one, and everything as it was afterwards, however it ends. */
import { emitKeypressEvents } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'
import { limits } from '../../kernel/limits.ts'
import type { Paint } from '../layout.ts'
import type { Line } from './fit.ts'
import type { Key } from './keys.ts'
import type { ScreenSize } from './view.ts'

/** Something that happened at the terminal. */
export type Happening =
  | { readonly kind: 'key'; readonly key: Key }
  | { readonly kind: 'resized' | 'looked' | 'due' }
  /** The terminal is gone, or the process was told to stop. */
  | { readonly kind: 'gone'; readonly signal: NodeJS.Signals | null }

const enter = '\u001b[?1049h\u001b[?25l\u001b[2J'
const leave = '\u001b[?25h\u001b[?1049l'
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Columns and rows of a terminal that does not say how large it is. */
const usualSize: ScreenSize = { columns: 80, rows: 24 }

/** Holds the terminal from `open` to `close`. */
export class Terminal {
  readonly #input: ReadStream
  readonly #screen: WriteStream
  readonly #paint: Paint
  /** What happened and was not taken yet. Keys that come faster than they are taken are left out. */
  readonly #happened: Happening[] = []
  #wake: (() => void) | null = null
  #shown = ''
  #isOpen = false
  /** Keys that arrived together: what was pasted is one thing, and is taken as a whole. */
  #atOnce = 0
  /** Called at once for each key, before it is taken; `true` when that was all there was to do. */
  onKey: (key: Key) => boolean = () => false

  constructor(input: ReadStream, screen: WriteStream, paint: Paint) {
    this.#input = input
    this.#screen = screen
    this.#paint = paint
  }

  get size(): ScreenSize {
    const { columns, rows } = this.#screen
    return columns > 0 && rows > 0 ? { columns, rows } : usualSize
  }

  open(): void {
    this.#isOpen = true
    // Whatever ends the process, a fault included, the terminal is given back.
    process.on('exit', this.#restore)
    for (const signal of signals) process.on(signal, this.#stopped)
    process.on('SIGCONT', this.#continued)
    emitKeypressEvents(this.#input)
    this.#input.on('keypress', this.#pressed)
    this.#input.on('end', this.#gone)
    this.#screen.on('resize', this.#resized)
    this.#take()
  }

  close(): void {
    this.#restore()
    process.off('exit', this.#restore)
    for (const signal of signals) process.off(signal, this.#stopped)
    process.off('SIGCONT', this.#continued)
    this.#input.off('keypress', this.#pressed)
    this.#input.off('end', this.#gone)
    this.#screen.off('resize', this.#resized)
    this.#input.pause()
  }

  /** Shows lines, where they differ from those shown. */
  draw(lines: readonly Line[]): void {
    const painted = lines.map((line) =>
      line.map(({ text, tone }) => this.#paint(text, tone ?? 'plain')).join(''),
    )
    const frame = `\u001b[H${painted.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`
    if (frame === this.#shown) return
    this.#shown = frame
    this.#screen.write(frame)
  }

  /** Something happened elsewhere that the player should look at. */
  tell(happening: Happening): void {
    const keysMax = limits.playerKeysMax + this.#atOnce
    const isFull = this.#happened.length >= keysMax && happening.kind !== 'gone'
    const isKnown = happening.kind === 'looked' && this.#happened.some(({ kind }) => kind === 'looked')
    if (isFull || isKnown) return
    this.#happened.push(happening)
    this.#wake?.()
  }

  /** What happens next, or `due` when the time is over. */
  async next(waitMs: number | null): Promise<Happening> {
    const waiting = this.#happened.shift()
    if (waiting !== undefined) return waiting
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (waitMs !== null) timer = setTimeout(resolve, waitMs)
    })
    clearTimeout(timer)
    this.#wake = null
    return this.#happened.shift() ?? { kind: 'due' }
  }

  #take(): void {
    this.#input.setRawMode(true)
    this.#input.resume()
    this.#shown = ''
    this.#screen.write(enter)
  }

  readonly #restore = (): void => {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      this.#input.setRawMode(false)
      this.#screen.write(leave)
    } catch {
      // A terminal that is gone needs nothing back.
    }
  }

  readonly #pressed = (_text: string | undefined, key: Key): void => {
    if (this.#atOnce === 0) {
      setImmediate(() => {
        this.#atOnce = 0
      })
    }
    this.#atOnce = Math.min(this.#atOnce + 1, limits.playerPastedKeysMax)
    if (!this.onKey(key)) this.tell({ kind: 'key', key })
  }

  readonly #resized = (): void => {
    this.#shown = ''
    this.tell({ kind: 'resized' })
  }

  readonly #continued = (): void => {
    this.#take()
    this.tell({ kind: 'resized' })
  }

  readonly #gone = (): void => this.tell({ kind: 'gone', signal: null })

  readonly #stopped = (signal: NodeJS.Signals): void => this.tell({ kind: 'gone', signal })
}

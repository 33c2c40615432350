/** Plays a session in a terminal: shows a step, waits for a key or for the next step's time, goes where the key says. */

import { isKnown } from '../../events/envelope.ts'
import { budgetPhases } from '../../events/usage.ts'
import { elapsedMs } from '../../kernel/clock.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import type { EventLog } from '../../log/port.ts'
import type { Step, Stepper } from '../../replay/stepper/stepper.ts'
import { type Bar, emptyBar, marked } from './bar.ts'
import { actionOf, type Key } from './keys.ts'
import {
  arrived,
  beginning,
  type PlayerModel,
  press,
  told,
  type Wanted,
  type Wish,
  waitBefore,
} from './model.ts'
import type { Happening, Terminal } from './terminal.ts'
import { playerLines } from './view.ts'

export interface PlayOptions {
  readonly speed: number
  /** Whether it begins by itself, or waits for a key. */
  readonly playing: boolean
}

/** How a player was left. */
export interface Left {
  readonly version: number
  readonly interrupted: boolean
  /** The signal that told the process to stop, if one did. */
  readonly signal: NodeJS.Signals | null
}

/** Milliseconds between two pictures at the least; steps that come faster are shown together. */
const frameMs = 30
/** Steps that one picture may skip: playing stays interruptible. */
const stepsPerFrameMax = 500

export class Player {
  readonly #log: EventLog
  readonly #stepper: Stepper
  readonly #terminal: Terminal
  #model: PlayerModel
  #bar: Bar
  /** Where playing goes next, and when that is to be shown. */
  #ahead: { readonly step: Step; readonly dueMs: number } | null = null
  #searching: AbortController | null = null

  constructor(log: EventLog, stepper: Stepper, terminal: Terminal, { speed, playing }: PlayOptions) {
    const { here, newest } = stepper
    this.#log = log
    this.#stepper = stepper
    this.#terminal = terminal
    this.#model = beginning(here, { title: here.state.title, newest, speed, playing })
    this.#bar = emptyBar(newest)
  }

  /** Plays until somebody leaves. */
  async run(): Promise<Left> {
    const terminal = this.#terminal
    const ending = new AbortController()
    terminal.onKey = (key) => this.#stopsSearch(key)
    terminal.open()
    const looking = this.#lookAtPhases(ending.signal)
    try {
      return await this.#goOn()
    } finally {
      ending.abort()
      terminal.close()
      await looking
    }
  }

  async #goOn(): Promise<Left> {
    for (;;) {
      this.#terminal.draw(playerLines(this.#model, this.#bar, this.#terminal.size))
      const waitMs = this.#model.playing ? await this.#waitMs() : null
      const happening = await this.#terminal.next(waitMs)
      if (happening.kind === 'gone') return this.#left(happening.signal !== null, happening.signal)
      const left = await this.#answer(happening)
      if (left !== null) return left
    }
  }

  async #answer(happening: Happening): Promise<Left | null> {
    if (happening.kind === 'due') {
      await this.#advance()
      return null
    }
    if (happening.kind !== 'key') return null
    const { model, wish } = press(this.#model, happening.key)
    if (!model.playing || model.speed !== this.#model.speed) await this.#comeBack()
    this.#model = model
    if (wish === null) return null
    if (wish.kind === 'quit' || wish.kind === 'interrupt') return this.#left(wish.kind === 'interrupt', null)
    await this.#fulfil(wish)
    return null
  }

  #left(interrupted: boolean, signal: NodeJS.Signals | null): Left {
    return { version: this.#model.step.version, interrupted, signal }
  }

  /** Milliseconds until the next step is to be shown; looks ahead for it when that is not known yet. */
  async #waitMs(): Promise<number> {
    if (this.#ahead === null) {
      const { step: shown, speed } = this.#model
      let from = shown
      let waitMs = 0
      let step: Step | null = null
      for (let steps = 0; steps < stepsPerFrameMax && waitMs < frameMs; steps += 1) {
        const next = await this.#stepper.next()
        if (next === null) break
        waitMs += waitBefore(from, next, speed)
        step = next
        from = next
      }
      if (step === null) {
        this.#model = told(this.#model, 'the newest event; space plays on when there are more', 'notice')
        this.#terminal.draw(playerLines(this.#model, this.#bar, this.#terminal.size))
        return frameMs
      }
      this.#ahead = { step, dueMs: elapsedMs() + Math.max(frameMs, waitMs) }
    }
    return Math.max(0, this.#ahead.dueMs - elapsedMs())
  }

  async #advance(): Promise<void> {
    if (this.#ahead === null) return
    this.#model = arrived(this.#model, this.#ahead.step, this.#stepper.newest)
    this.#ahead = null
  }

  /** The stepper may have gone ahead of what is shown: it comes back to that. */
  async #comeBack(): Promise<void> {
    if (this.#ahead === null) return
    this.#ahead = null
    await this.#stepper.to(this.#model.step.version)
  }

  async #fulfil(wish: Wish): Promise<void> {
    try {
      const step = await this.#move(wish)
      this.#model =
        step === null
          ? told(this.#model, nowhere(wish), 'warning')
          : arrived(this.#model, step, this.#stepper.newest)
    } catch (error) {
      if (!(error instanceof WaymarkError)) throw error
      const hint = error.hint === null ? '' : ` (${error.hint})`
      this.#model = told(this.#model, `${error.message}${hint}`, 'bad')
    }
  }

  async #move(wish: Wish): Promise<Step | null> {
    switch (wish.kind) {
      case 'next':
        return this.#stepper.next()
      case 'previous':
        return this.#stepper.previous()
      case 'first':
        return this.#stepper.to(0)
      case 'last':
        return this.#toNewest()
      case 'to':
        return this.#stepper.to(wish.when)
      case 'find':
        return this.#find(wish)
      default:
        return null
    }
  }

  /** The newest event may have got older while it was gone to. */
  async #toNewest(): Promise<Step> {
    const step = await this.#stepper.to(this.#stepper.newest)
    return step.version === this.#stepper.newest ? step : this.#stepper.to(this.#stepper.newest)
  }

  async #find({ wanted, forwards }: Extract<Wish, { kind: 'find' }>): Promise<Step | null> {
    const searching = new AbortController()
    const { signal } = searching
    const saying = told(this.#model, `looking for ${wanted.text} … Esc stops`, 'notice')
    this.#terminal.draw(playerLines(saying, this.#bar, this.#terminal.size))
    this.#searching = searching
    try {
      return await this.#look(wanted, forwards, signal)
    } catch (error) {
      if (signal.aborted) return null
      throw error
    } finally {
      this.#searching = null
    }
  }

  async #look({ kind, text }: Wanted, forwards: boolean, signal: AbortSignal): Promise<Step | null> {
    const stepper = this.#stepper
    if (kind === 'type') {
      return forwards ? stepper.nextOfType(text, { signal }) : stepper.previousOfType(text, { signal })
    }
    return forwards ? stepper.nextChangeOf(text, { signal }) : stepper.previousChangeOf(text, { signal })
  }

  /** While something is being looked for, a key that leaves ends that and nothing else. */
  #stopsSearch(key: Key): boolean {
    const action = actionOf(key)
    if (this.#searching === null || (action !== 'quit' && action !== 'interrupt')) return false
    this.#searching.abort()
    return true
  }

  /** Reads the session once, beside everything else, for the phases on the bar. */
  async #lookAtPhases(signal: AbortSignal): Promise<void> {
    let rank = 0
    let from = 1
    try {
      for await (const page of this.#log.read(this.#stepper.sessionId, { to: this.#bar.newest })) {
        for (const event of page) {
          if (!isKnown(event) || event.type !== 'budget.phase-changed') continue
          this.#bar = marked(this.#bar, from, event.version - 1, rank)
          rank = budgetPhases.indexOf(event.data.to)
          from = event.version
        }
        const last = page.at(-1)?.version ?? from
        this.#bar = marked(this.#bar, from, last, rank)
        from = last + 1
        this.#terminal.tell({ kind: 'looked' })
        // Keys come between two pages.
        await new Promise((resolve) => setImmediate(resolve))
        if (signal.aborted) return
      }
    } catch (error) {
      if (!(error instanceof WaymarkError)) throw error
      // A log that cannot be read to its end has a bar up to there; steps say what is wrong.
    }
  }
}

function nowhere(wish: Wish): string {
  if (wish.kind !== 'find') return wish.kind === 'previous' ? 'before the first event' : 'the newest event'
  const { wanted, forwards } = wish
  const what = wanted.kind === 'type' ? `event of type ${wanted.text}` : `change of ${wanted.text}`
  return `no ${what} found ${forwards ? 'after' : 'before'} this place`
}

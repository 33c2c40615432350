/** One round of checks: which of them can be made here, each by itself, so that what one meets stops no other. */
import { DamagedRecord, WaymarkError } from '../kernel/errors.ts'
import type { StreamInfo } from '../log/port.ts'
import { resolveSession } from '../session/resolve.ts'
import type { Check, LogContext, PlaceContext } from './check.ts'
import { checks, type FindingCode } from './checks.ts'
import { Collection } from './collection.ts'
import { sessionContext } from './session-context.ts'
import { bytesOf } from './store.ts'

/** What was looked at. */
export interface Made {
  /** Codes of the checks that were made. */
  readonly checked: readonly FindingCode[]
  /** Checks that were not made, and why. */
  readonly notChecked: readonly { readonly code: FindingCode; readonly reason: string }[]
  /** How many sessions were looked at. */
  readonly sessions: number
}

/** Checks that tell why a log cannot be opened. */
const tellWhyClosed: readonly FindingCode[] = ['no-home', 'old-sqlite', 'torn-store', 'other-version']

/** Reasons that lie in what was asked for, and not in the home. */
const notAsked = { deep: 'made with --deep', one: 'only one session was asked for' } as const
export const reasonsByChoice: ReadonlySet<string> = new Set(Object.values(notAsked))

type KnownCheck = Check<FindingCode>
type HomeCheck = Exclude<KnownCheck, { readonly needs: 'session' }>
const all: readonly KnownCheck[] = checks

export class Round {
  readonly collection = new Collection()
  readonly #context: PlaceContext
  readonly #closedBecause: string
  readonly #checked: FindingCode[] = []
  readonly #notChecked: Made['notChecked'][number][] = []
  /** Checks that could not be made, until it is known what the sessions are like. */
  readonly #failed: { readonly code: FindingCode; readonly error: unknown }[] = []
  #sessions = 0

  /** @param closedBecause why there is no log in `context`, if there is none. */
  constructor(context: PlaceContext, closedBecause: string) {
    this.#context = context
    this.#closedBecause = closedBecause
  }

  made(): Made {
    return { checked: this.#checked, notChecked: this.#notChecked, sessions: this.#sessions }
  }

  async makeChecks(): Promise<void> {
    const { home, log } = this.#context
    const isHome = (await bytesOf(home.path).catch(() => 0)) !== null
    for (const check of all) {
      const reason = this.#reasonNotTo(check, isHome)
      if (reason !== null) this.#notChecked.push({ code: check.code, reason })
      else this.#checked.push(check.code)
      if (reason === null && check.needs !== 'session') await this.#makeOne(check)
    }
    if (log !== null) await this.#examineSessions({ ...this.#context, log })
    for (const { code, error } of this.#failed) {
      if (!this.#isTold(error)) this.collection.addFailure([code], null, error)
    }
    if (log === null && !this.collection.hasAny(tellWhyClosed)) {
      this.collection.addFailure(['the log cannot be opened'], null, new Error(this.#closedBecause))
    }
  }

  #reasonNotTo({ code, needs, onlyDeep }: KnownCheck, isHome: boolean): string | null {
    const { log, named, deep } = this.#context
    if (onlyDeep === true && !deep) return notAsked.deep
    if (needs === 'home' && !isHome) return 'there is no home'
    if (log === null) return needs === 'log' || needs === 'session' ? this.#closedBecause : null
    const isAboutOne = needs === 'session' || code === 'lost-session'
    return named === null || isAboutOne ? null : notAsked.one
  }

  async #makeOne(check: HomeCheck): Promise<void> {
    const { log, onProgress } = this.#context
    onProgress(check.about)
    try {
      if (check.needs !== 'log') this.collection.add(check, await check.run(this.#context))
      else if (log !== null) this.collection.add(check, await check.run({ ...this.#context, log }))
    } catch (error) {
      this.#failed.push({ code: check.code, error })
    }
  }

  async #examineSessions(context: LogContext): Promise<void> {
    try {
      if (context.named !== null) {
        const stream = await this.#namedStream(context, context.named)
        if (stream !== null) await this.#examineOne(context, stream)
        return
      }
      for await (const page of context.log.streams()) {
        for (const stream of page) await this.#examineOne(context, stream)
      }
    } catch (error) {
      this.collection.addFailure(['the sessions cannot be gone through'], null, error)
    }
  }

  /** One that is not there has been told by another check. */
  async #namedStream({ log }: LogContext, name: string): Promise<StreamInfo | null> {
    try {
      return await log.stream(await resolveSession(log, name))
    } catch (error) {
      if (error instanceof WaymarkError && error.code.startsWith('SESSION_')) return null
      throw error
    }
  }

  async #examineOne(context: LogContext, stream: StreamInfo): Promise<void> {
    this.#sessions += 1
    context.onProgress(`examining session ${this.#sessions}: ${stream.sessionId}`)
    const session = sessionContext(context, stream)
    const failed = new Map<string, { readonly codes: string[]; readonly error: unknown }>()
    for (const check of all) {
      if (check.needs !== 'session') continue
      try {
        this.collection.add(check, await check.run(session))
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        const same = failed.get(why)
        if (same === undefined) failed.set(why, { codes: [check.code], error })
        else same.codes.push(check.code)
      }
    }
    for (const { codes, error } of failed.values()) {
      if (!this.#isTold(error)) this.collection.addFailure(codes, stream.sessionId, error)
    }
  }

  /** Damage, a library that is not there and settings that cannot be read are told once, by the check that is there for it. */
  #isTold(error: unknown): boolean {
    if (error instanceof WaymarkError && error.code === 'STORE_UNSUPPORTED')
      return this.collection.hasAny(['old-sqlite'])
    if (error instanceof WaymarkError && error.code === 'CONFIGURATION_INVALID')
      return this.collection.hasAny(['invalid-settings'])
    const sessionId = error instanceof DamagedRecord ? error.details.sessionId : undefined
    return typeof sessionId === 'string' && this.collection.has('damaged-records', sessionId)
  }
}

/**
 * Summaries that were asked for, made after the append. The request lies in the log, so whoever opens the session next makes
 * what a crash left unmade. An answer names its request: what was decided about the item meanwhile is not undone. A summariser that
 * throws, hangs, or gives more than it was asked for is replaced by the built-in one.
 */
import type { Command } from '../events/commands.ts'
import { contentOf, type Sending } from '../events/content.ts'
import type { ContentRef } from '../events/shapes.ts'
import type { ContextItem } from '../fold/context-state.ts'
import { growthLineOf } from '../fold/growth.ts'
import { contextItemOf, type DeepReadonly, type ReadonlyState } from '../fold/state.ts'
import { derivedIdOf } from '../kernel/clock.ts'
import { type ErrorCode, WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { extractSummary } from '../views/extract.ts'
import { textOf, warn } from './warning.ts'

/** A text to be summarized. */
export interface SummaryRequest {
  readonly sessionId: string
  readonly tag: string
  readonly title: string | null
  readonly text: string
  /** Bytes of UTF-8 that the summary may have. */
  readonly bytesMax: number
  /** The same in tokens, estimated. */
  readonly tokensMax: number
  /** Aborted when it takes too long. */
  readonly signal: AbortSignal
}

/** Makes a summary: asks a model, or whatever the caller likes. Called after the append, never on replay. */
export type Summarizer = (request: SummaryRequest) => string | Promise<string>

/** The built-in summariser: the most telling lines of the text, in their order. It needs no model. */
export const extractiveSummarizer: Summarizer = ({ text, bytesMax }) => extractSummary(text, bytesMax)

/** What making summaries needs of the session that waits for them. */
export interface SummaryHost {
  readonly log: EventLog
  /** The newest state the session knows. */
  readonly state: () => ReadonlyState
  readonly refresh: () => Promise<ReadonlyState>
  readonly send: (command: Sending<SummaryCommand>, options: SendSummaryOptions) => Promise<unknown>
}

type SummaryCommand = Extract<Command, { type: 'context.summarize' | 'context.request-summary' }>

interface SendSummaryOptions {
  readonly commandId: string
  readonly actor: string
  readonly expectedVersion?: number
}

const actor = 'policy:summarize'

type Item = DeepReadonly<ContextItem>

/** An item whose summary is wanted, with its text and the version of the request. */
interface Waiting {
  readonly item: Item
  readonly content: ContentRef
  readonly requestedVersion: number
}

/**
 * Makes the summaries of one session. It remembers which requests it has tried, so that none is tried twice, and whether the
 * summarizer hangs: then it is not asked again.
 */
export class SummaryMaker {
  readonly #host: SummaryHost
  #summarizer: Summarizer
  /** Tags with the version of the request that was tried last. */
  readonly #tried = new Map<string, number>()

  constructor(host: SummaryHost, summarizer: Summarizer) {
    this.#host = host
    this.#summarizer = summarizer
  }

  /** Whether there is a summary to be made that was not tried yet. */
  get isDue(): boolean {
    return this.#next() !== undefined
  }

  /** Makes all summaries that the session waits for, one after the other. What cannot be made now is left waiting. */
  async makeAll(): Promise<void> {
    this.#forgetAnswered()
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#tried.set(next.item.tag, next.requestedVersion)
      await this.#make(next)
    }
  }

  #next(): Waiting | undefined {
    return waitingIn(this.#host.state()).find(
      ({ item, requestedVersion }) => this.#tried.get(item.tag) !== requestedVersion,
    )
  }

  /** Keeps what is remembered as small as what is wanted. */
  #forgetAnswered(): void {
    const wanted = new Set(waitingIn(this.#host.state()).map(({ item }) => item.tag))
    for (const tag of this.#tried.keys()) if (!wanted.has(tag)) this.#tried.delete(tag)
  }

  async #make(waiting: Waiting): Promise<void> {
    const { item, content, requestedVersion } = waiting
    const state = this.#host.state()
    let bytes: Uint8Array | null
    try {
      bytes = await this.#host.log.content(content.hash)
    } catch (error) {
      warnOfSummary(`the text of ${item.tag} cannot be read, it waits for its summary: ${textOf(error)}`)
      return
    }
    if (bytes === null) {
      warnOfSummary(`the text of ${item.tag} is not in the store; no summary of it is asked for any more`)
      await this.#withdraw(waiting)
      return
    }
    const summary = await this.#summaryOf(state, item, Buffer.from(bytes).toString('utf8'))
    try {
      const answer = { type: 'context.summarize', tag: item.tag, summary, requestedVersion } as const
      await this.#host.send(answer, { commandId: commandIdOf(state, waiting, 'summary'), actor })
    } catch (error) {
      if (!isExpected(error)) throw error
      if (error.code === 'COMMAND_REFUSED') await this.#withdraw(waiting)
    }
  }

  /** Takes back a request that can never be answered, so that it does not come up again wherever the session is opened. */
  async #withdraw(waiting: Waiting): Promise<void> {
    const state = await this.#host.refresh()
    const { tag } = waiting.item
    const stands = contextItemOf(state, tag)?.summaryWantedVersion === waiting.requestedVersion
    if (!stands || state.status !== 'active') return
    const options = {
      commandId: commandIdOf(state, waiting, 'withdrawn'),
      actor,
      expectedVersion: state.version,
    }
    try {
      await this.#host.send({ type: 'context.request-summary', tags: [tag], targetPercent: null }, options)
    } catch (error) {
      if (!isExpected(error)) throw error
    }
  }

  async #summaryOf(state: ReadonlyState, item: Item, text: string): Promise<string> {
    const bytesMax = Math.max(
      1,
      Math.floor((Buffer.byteLength(text) * (item.summaryWantedPercent ?? 0)) / 100),
    )
    const tokensMax = Math.ceil(bytesMax * growthLineOf(state).perByte)
    const controller = new AbortController()
    const { sessionId } = state
    const request = { sessionId, tag: item.tag, title: item.title, text, bytesMax, tokensMax }
    const summarizer = this.#summarizer
    try {
      const made = await withinTime(summarizer({ ...request, signal: controller.signal }), controller)
      if (typeof made === 'string' && made !== '' && contentOf(made).ref.bytes <= bytesMax) return made
      const got = typeof made === 'string' ? `${contentOf(made).ref.bytes} bytes` : typeof made
      warnOfSummary(`the summary of ${item.tag} was to have 1 to ${bytesMax} bytes, and has ${got}`)
    } catch (error) {
      if (controller.signal.aborted) this.#summarizer = extractiveSummarizer
      warnOfSummary(error)
    }
    return extractSummary(text, bytesMax)
  }
}

/** Items whose summaries are wanted, and that have a text. */
function waitingIn(state: ReadonlyState): readonly Waiting[] {
  return Object.values(state.context.items).flatMap((item) => {
    const { content, summaryWantedVersion: requestedVersion } = item
    return content === null || requestedVersion === null ? [] : [{ item, content, requestedVersion }]
  })
}

/** The same answer to the same request has the same id, whoever sends it. */
function commandIdOf(
  { sessionId }: ReadonlyState,
  { item, requestedVersion }: Waiting,
  what: string,
): string {
  return derivedIdOf(`${sessionId}/${what}/${item.tag}/${requestedVersion}`)
}

/** What a summariser gives, unless it takes too long: then the signal of its request is aborted. */
async function withinTime<T>(made: T | Promise<T>, controller: AbortController): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      controller.abort()
      const waited = `the summariser took more than ${limits.summarizerWaitMs} ms`
      reject(new Error(`${waited}; this session asks the built-in one from here on`))
    }, limits.summarizerWaitMs)
  })
  try {
    return await Promise.race([made, late])
  } finally {
    clearTimeout(timer)
  }
}

const expectedCodes = [
  'COMMAND_REFUSED',
  'COMMAND_ID_REUSED',
  'STALE_HOLDER',
  'STORE_CLOSED',
  'VERSION_CONFLICT',
] as const satisfies readonly ErrorCode[]

/** Another process may have made the same summary, or the item may be gone. */
function isExpected(error: unknown): error is WaymarkError {
  return error instanceof WaymarkError && expectedCodes.some((code) => code === error.code)
}

export function warnOfSummary(error: unknown): void {
  warn('WAYMARK_SUMMARY', error)
}

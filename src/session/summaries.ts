/**
 * Summaries that were asked for, made after the append. The request lies in the log, so whoever opens the session next makes
 * what a crash left unmade. A summariser that throws, hangs, or gives more than it was asked for is replaced by the built-in one.
 */
import type { Command } from '../events/commands.ts'
import { contentOf, type Sending } from '../events/content.ts'
import type { ContextItem } from '../fold/context-state.ts'
import { growthLineOf } from '../fold/growth.ts'
import { contextItemOf, type DeepReadonly, type ReadonlyState } from '../fold/state.ts'
import { derivedIdOf } from '../kernel/clock.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { extractSummary } from '../views/extract.ts'

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

type SendSummary = (
  command: Sending<Extract<Command, { type: 'context.summarize' }>>,
  options: { readonly commandId: string; readonly actor: string },
) => Promise<unknown>

/** Makes all summaries that a session waits for, one after the other. What cannot be made is left waiting. */
export async function makeSummaries(
  log: EventLog,
  currentState: () => ReadonlyState,
  summarizer: Summarizer,
  send: SendSummary,
): Promise<void> {
  const tried = new Set<string>()
  for (;;) {
    const state = currentState()
    const waiting = Object.values(state.context.items).find(
      (item) => item.summaryWantedPercent !== null && item.content !== null && !tried.has(keyOf(item)),
    )
    if (waiting === undefined || waiting.content === null) return
    tried.add(keyOf(waiting))
    const bytes = await log.content(waiting.content.hash).catch(() => null)
    if (bytes === null) {
      warn(new Error(`the text of ${waiting.tag} is not in the store; it waits for its summary`))
      continue
    }
    const summary = await summaryOf(state, waiting, Buffer.from(bytes).toString('utf8'), summarizer)
    await send(
      { type: 'context.summarize', tag: waiting.tag, summary },
      { commandId: derivedIdOf(`${state.sessionId}/summary/${keyOf(waiting)}`), actor: 'policy:summarize' },
    ).catch(unlessMadeMeanwhile)
  }
}

/** Whether a session waits for summaries. */
export function waitsForSummaries(state: ReadonlyState): boolean {
  return Object.values(state.context.items).some(
    ({ tag, summaryWantedPercent }) =>
      summaryWantedPercent !== null && contextItemOf(state, tag)?.content !== null,
  )
}

/** One request of one item: asked again with another length it is another one. */
function keyOf({ tag, addedVersion, summaryWantedPercent }: DeepReadonly<ContextItem>): string {
  return `${tag}/${addedVersion}/${summaryWantedPercent}`
}

async function summaryOf(
  state: ReadonlyState,
  item: DeepReadonly<ContextItem>,
  text: string,
  summarizer: Summarizer,
): Promise<string> {
  const bytesMax = Math.max(1, Math.floor((Buffer.byteLength(text) * (item.summaryWantedPercent ?? 0)) / 100))
  const tokensMax = Math.ceil(bytesMax * growthLineOf(state).perByte)
  const controller = new AbortController()
  const { sessionId } = state
  const request = { sessionId, tag: item.tag, title: item.title, text, bytesMax, tokensMax }
  try {
    const made = await withinTime(summarizer({ ...request, signal: controller.signal }), controller)
    if (typeof made === 'string' && made !== '' && contentOf(made).ref.bytes <= bytesMax) return made
    const got = typeof made === 'string' ? `${contentOf(made).ref.bytes} bytes` : typeof made
    warn(new Error(`the summary of ${item.tag} was to have 1 to ${bytesMax} bytes, and has ${got}`))
  } catch (error) {
    warn(error)
  }
  return extractSummary(text, bytesMax)
}

/** What a summariser gives, unless it takes too long. */
async function withinTime<T>(made: T | Promise<T>, controller: AbortController): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      controller.abort()
      reject(new Error(`the summariser took more than ${limits.summarizerWaitMs} ms`))
    }, limits.summarizerWaitMs)
  })
  try {
    return await Promise.race([made, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Another process may have made the same summary, or the item may be gone. */
function unlessMadeMeanwhile(error: unknown): void {
  const expected = ['COMMAND_REFUSED', 'COMMAND_ID_REUSED', 'STALE_HOLDER', 'STORE_CLOSED']
  if (!(error instanceof WaymarkError) || !expected.includes(error.code)) throw error
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { code: 'WAYMARK_SUMMARY' })
}

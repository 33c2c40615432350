/**
 * Tokens of a Codex thread. The source writes running totals, often the same twice: a call is a rise of the totals,
 * known by the turn and the totals it led to, which a copy of the history repeats.
 */
import type { Command } from '../../events/commands.ts'
import { idOf, madeId, modelOf, tokensOf } from '../text.ts'
import { type Scene, say, type Totals } from './memory.ts'
import type { RawTotals } from './shape.ts'

const none: Totals = { input: 0, cached: 0, written: 0, output: 0, total: 0 }

export function readTokenCount(scene: Scene): void {
  const { memory, payload } = scene
  const { info } = payload
  if (info?.total_token_usage === undefined) return
  const totals = totalsOf(info.total_token_usage)
  const last = info.last_token_usage === undefined ? none : totalsOf(info.last_token_usage)
  rememberWindow(scene, info.model_context_window)
  const spent = spentSince(memory.totals ?? baseline(scene, totals, last), totals, last)
  memory.totals = totals
  if (isNothing(spent)) measure(scene, last.total)
  else tellCall(scene, spent, last.total, info.model)
}

/** Where counting starts: at nothing, but in a thread that began with another's history at what that had spent. */
function baseline(scene: Scene, totals: Totals, last: Totals): Totals {
  const { derived, copied } = scene.memory
  return derived && !copied ? combined(totals, last, (total, recent) => Math.max(0, total - recent)) : none
}

/** What was spent between two totals. Totals that fall were reset: then only the last call is known. */
function spentSince(before: Totals, totals: Totals, last: Totals): Totals {
  const spent = combined(totals, before, (now, then) => now - then)
  return Object.values(spent).some((value) => value < 0) ? last : spent
}

function tellCall(scene: Scene, spent: Totals, contextTokens: number, stated: string | undefined): void {
  const { memory } = scene
  const { totals, windowTokens } = memory
  const model = modelOf(stated ?? memory.model ?? undefined)
  const copied = memory.copied
  const command: Command = {
    type: 'usage.record',
    callId: callIdOf(memory.nativeId, memory.turnId, totals ?? none),
    model,
    inputTokens: Math.max(0, spent.input - spent.cached),
    outputTokens: spent.output,
    cacheReadTokens: spent.cached,
    cacheCreationTokens: spent.written,
    contextTokens,
    ...(windowTokens === null ? {} : { windowTokens }),
    ...(copied ? { inherited: true } : { countedOnceIn: 'home' as const }),
  }
  say(scene, `usage/${command.callId}`, command)
  if (copied) tellWindow(scene)
  else setGauge(scene, contextTokens)
}

/** Totals that repeat are no call; but after a compaction they come with the new size of the window. */
function measure(scene: Scene, contextTokens: number): void {
  const { memory, time } = scene
  const { windowTokens } = memory
  if (memory.copied) {
    tellWindow(scene)
    return
  }
  if (contextTokens === 0 || (contextTokens === memory.gauge && windowTokens === memory.gaugeWindow)) return
  const stated = windowTokens === null ? {} : { windowTokens }
  say(scene, `window/${time}/${contextTokens}`, { type: 'context.measure', contextTokens, ...stated })
  setGauge(scene, contextTokens)
}

/** A size of the window that nothing was said with yet. What it holds then is an estimate: the newest reading, or nothing. */
export function tellWindow(scene: Scene): void {
  const { memory, time } = scene
  const { windowTokens, gauge } = memory
  if (windowTokens === null || windowTokens === memory.gaugeWindow) return
  const contextTokens = gauge ?? 0
  say(scene, `window/${time}/of/${windowTokens}`, {
    type: 'context.measure',
    contextTokens,
    windowTokens,
    estimated: true,
  })
  memory.gaugeWindow = windowTokens
}

function setGauge({ memory }: Scene, contextTokens: number): void {
  memory.gauge = contextTokens
  memory.gaugeWindow = memory.windowTokens
}

/** A size of 0 means that it is not known. */
export function rememberWindow({ memory }: Scene, tokens: number | undefined): void {
  const windowTokens = tokensOf(tokens)
  if (windowTokens > 0) memory.windowTokens = windowTokens
}

const timedUuid = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

/** The milliseconds in a UUID of version 7; `null` for other ids. */
export function millisecondsOf(id: string | null | undefined): number | null {
  const found = timedUuid.exec(id ?? '')
  return found === null ? null : Number.parseInt(`${found[1]}${found[2]}`, 16)
}

function callIdOf(threadId: string, turnId: string | null, totals: Totals): string {
  const owner = turnId !== null && millisecondsOf(turnId) !== null ? turnId : threadId
  const { input, cached, output, total } = totals
  const id = `${owner}:${[input, cached, output, total].join(':')}`
  return idOf(id) ?? madeId('call', id)
}

function totalsOf(raw: RawTotals): Totals {
  return {
    input: tokensOf(raw.input_tokens),
    cached: tokensOf(raw.cached_input_tokens),
    written: tokensOf(raw.cache_write_input_tokens),
    output: tokensOf(raw.output_tokens),
    total: tokensOf(raw.total_tokens),
  }
}

function combined(a: Totals, b: Totals, combine: (a: number, b: number) => number): Totals {
  return {
    input: combine(a.input, b.input),
    cached: combine(a.cached, b.cached),
    written: combine(a.written, b.written),
    output: combine(a.output, b.output),
    total: combine(a.total, b.total),
  }
}

function isNothing({ input, cached, written, output, total }: Totals): boolean {
  return [input, cached, written, output, total].every((value) => value === 0)
}

/** A story as Codex writes it: turns with running totals of tokens, and forks that begin with the parent's history of one instant. */
import type { Counters } from '../../events/shapes.ts'
import { isoOf } from '../../kernel/clock.ts'
import type { Beat, Story } from './story.ts'
import { Tally, type TranscriptFigures } from './tally.ts'

interface Line {
  readonly timestamp: string
  readonly type: string
  readonly payload: Readonly<Record<string, unknown>>
}

interface Totals {
  readonly input: number
  readonly cached: number
  readonly written: number
  readonly output: number
}

const startMs = Date.parse('2026-03-02T09:00:00.000Z')
const window = 200_000
const nothing: Totals = { input: 0, cached: 0, written: 0, output: 0 }

/** One thread's file in the making. */
class CodexFile {
  readonly lines: Line[] = []
  readonly id: string
  readonly #number: number
  readonly #tally: Tally
  #now: number
  #totals = nothing
  #turn: string | null = null

  constructor(number: number, now: number, tally: Tally) {
    this.#number = number
    this.#now = now
    this.#tally = tally
    this.id = timedId(now, number)
  }

  get now(): number {
    return this.#now
  }

  get totals(): Totals {
    return this.#totals
  }

  begin(own: object = {}): void {
    const meta = { id: this.id, timestamp: isoOf(this.#now), cwd: '/srv/bakery', cli_version: '0.118.0' }
    this.#add('session_meta', { ...meta, source: 'cli', ...own })
  }

  /** The parent's history, all of it stamped with the moment of the copy. */
  copy(lines: readonly Line[], totals: Totals): void {
    const timestamp = isoOf(this.#now)
    this.lines.push(...lines.map((line) => ({ ...line, timestamp })))
    this.#totals = totals
  }

  tell(beat: Beat): void {
    if (this.#turn === null) this.#beginTurn()
    switch (beat.kind) {
      case 'prompt':
        this.#prompt(beat.text)
        break
      case 'reply':
      case 'agent':
        this.#reply(beat.tokens)
        break
      case 'tool':
        this.#toolCall(beat)
        break
      case 'compaction':
        this.#compaction(beat.postTokens)
        break
    }
  }

  endTurn(): void {
    if (this.#turn === null) return
    this.#add('event_msg', { type: 'task_complete', turn_id: this.#turn, duration_ms: 1_000 })
    this.#turn = null
  }

  #beginTurn(): void {
    this.#now += 1_000
    const turnId = timedId(this.#now, this.#number + this.lines.length)
    this.#turn = turnId
    this.#add('event_msg', { type: 'task_started', turn_id: turnId, model_context_window: window })
    const policy = { cwd: '/srv/bakery', approval_policy: 'on-request', model: 'gpt-5.4' }
    this.#add('turn_context', { turn_id: turnId, ...policy })
  }

  #prompt(text: string): void {
    this.#tally.count('prompts')
    const content = [{ type: 'input_text', text }]
    this.#add('response_item', { type: 'message', role: 'user', content })
    this.#add('event_msg', { type: 'user_message', message: text })
  }

  #reply(tokens: Counters): void {
    const text = 'Open from six.'
    this.#add('event_msg', { type: 'agent_message', message: text })
    const content = [{ type: 'output_text', text }]
    this.#add('response_item', { type: 'message', role: 'assistant', content })
    this.#spend(tokens)
  }

  #toolCall({ name, result, tokens }: Extract<Beat, { kind: 'tool' }>): void {
    this.#tally.count('toolCalls')
    const callId = `call_${this.#number}_${this.lines.length}`
    const call = { type: 'function_call', name: 'exec_command', arguments: JSON.stringify({ cmd: name }) }
    this.#add('response_item', { ...call, call_id: callId })
    this.#spend(tokens)
    if (result === 'none') return
    const output = `Process exited with code ${result === 'ok' ? 0 : 1}\nOutput:\nopen`
    this.#add('response_item', { type: 'function_call_output', call_id: callId, output })
  }

  /** Both marks of a compaction, and between them the new size of the window, which is no call. */
  #compaction(postTokens: number): void {
    this.#tally.count('compactions')
    this.#add('compacted', { message: 'What was said so far, in short.' })
    const last = { ...usageOf(nothing), total_tokens: postTokens }
    this.#countTokens(last)
    this.#add('event_msg', { type: 'context_compacted' })
  }

  /** A call: its tokens are the rise of the totals, told twice as they often are. */
  #spend(tokens: Counters): void {
    this.#tally.call(tokens)
    const { input, cached, written, output } = this.#totals
    this.#totals = {
      input: input + tokens.inputTokens + tokens.cacheReadTokens,
      cached: cached + tokens.cacheReadTokens,
      written: written + tokens.cacheCreationTokens,
      output: output + tokens.outputTokens,
    }
    const own = {
      input: tokens.inputTokens + tokens.cacheReadTokens,
      cached: tokens.cacheReadTokens,
      written: tokens.cacheCreationTokens,
      output: tokens.outputTokens,
    }
    this.#countTokens(usageOf(own))
    this.#countTokens(usageOf(own))
  }

  #countTokens(last: object): void {
    const info = {
      total_token_usage: usageOf(this.#totals),
      last_token_usage: last,
      model_context_window: window,
    }
    this.#add('event_msg', { type: 'token_count', info, rate_limits: null })
  }

  #add(type: string, payload: Line['payload']): void {
    this.#now += 1_000
    this.lines.push({ timestamp: isoOf(this.#now), type, payload })
  }
}

export function codexTranscript({ number, beats, fork }: Story): {
  readonly files: readonly { readonly name: string; readonly text: string }[]
  readonly figures: TranscriptFigures
} {
  const tally = new Tally()
  const main = new CodexFile(number, startMs, tally)
  main.begin()
  let copied: { readonly lines: readonly Line[]; readonly totals: Totals } | null = null
  for (const [index, beat] of beats.entries()) {
    main.tell(beat)
    if (index + 1 !== Math.min(fork?.at ?? 0, beats.length)) continue
    main.endTurn()
    copied = { lines: [...main.lines], totals: main.totals }
  }
  main.endTurn()
  if (fork === null || copied === null) return { files: [fileOf(main)], figures: tally.figures }
  const branch = new CodexFile(number + 1, main.now + 60_000, tally)
  branch.begin({ forked_from_id: main.id })
  branch.copy(copied.lines, copied.totals)
  for (const beat of fork.beats) branch.tell(beat)
  branch.endTurn()
  return { files: [fileOf(main), fileOf(branch)], figures: tally.figures }
}

function fileOf({ id, lines }: CodexFile): { readonly name: string; readonly text: string } {
  const time = (lines[0]?.timestamp ?? '').slice(0, 19).replaceAll(':', '-')
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  return { name: `rollout-${time}-${id}.jsonl`, text }
}

function usageOf({ input, cached, written, output }: Totals): object {
  return {
    input_tokens: input,
    cached_input_tokens: cached,
    cache_write_input_tokens: written,
    output_tokens: output,
    reasoning_output_tokens: 0,
    total_tokens: input + output,
  }
}

/** A UUID that tells its moment, as threads and turns have it. */
function timedId(ms: number, number: number): string {
  const time = ms.toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`
}

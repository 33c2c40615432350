/** Adds up what a transcript says, while it is written. */
import type { Counters } from '../../events/shapes.ts'

/** What transcripts add up to, whatever sessions they are made into: each call counts once, with its highest figures. */
export interface TranscriptFigures extends Counters {
  readonly calls: number
  readonly compactions: number
  readonly prompts: number
  readonly toolCalls: number
}

export class Tally {
  #figures: TranscriptFigures = {
    calls: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheCreationTokens: 0,
    compactions: 0,
    prompts: 0,
    toolCalls: 0,
  }

  get figures(): TranscriptFigures {
    return this.#figures
  }

  count(what: 'compactions' | 'prompts' | 'toolCalls'): void {
    this.#figures = { ...this.#figures, [what]: this.#figures[what] + 1 }
  }

  call(tokens: Counters): void {
    const { calls, inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens } = this.#figures
    this.#figures = {
      ...this.#figures,
      calls: calls + 1,
      inputTokens: inputTokens + tokens.inputTokens,
      outputTokens: outputTokens + tokens.outputTokens,
      cacheReadTokens: cacheReadTokens + tokens.cacheReadTokens,
      cacheCreationTokens: cacheCreationTokens + tokens.cacheCreationTokens,
    }
  }
}

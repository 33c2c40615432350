/**
 * How many tokens a text takes at most, as far as can be said without the model's tokenizer. Characters / 4 is short by a
 * factor of 1.4 to 2.2, depending on the model, so 2.2 / 4 = 0.55 tokens are taken for a byte. Where the session's own
 * reports teach a larger figure, that counts; but never more than a token a byte, which no tokenizer takes.
 */
import { growthLineOf } from '../fold/growth.ts'
import type { ReadonlyState } from '../fold/state.ts'

export interface TextMeasure {
  readonly tokensPerByte: number
  /** The worst known tokenizer, or the session's own reports where they say more. */
  readonly source: 'worst-case' | 'learned'
}

const worstTokensPerByte = 0.55

export function textMeasureOf(state: Pick<ReadonlyState, 'growth'>): TextMeasure {
  const { perByte, learned } = growthLineOf(state)
  return learned && perByte > worstTokensPerByte
    ? { tokensPerByte: Math.min(1, perByte), source: 'learned' }
    : { tokensPerByte: worstTokensPerByte, source: 'worst-case' }
}

/** Tokens of a text by a measure, rounded up. */
export function tokensOf(text: string, { tokensPerByte }: TextMeasure): number {
  return Math.ceil(Buffer.byteLength(text) * tokensPerByte)
}

/** The most bytes that take no more than so many tokens. */
export function bytesWithin(tokens: number, { tokensPerByte }: TextMeasure): number {
  const bytes = Math.max(0, Math.floor(tokens / tokensPerByte))
  return Math.ceil(bytes * tokensPerByte) > tokens ? bytes - 1 : bytes
}

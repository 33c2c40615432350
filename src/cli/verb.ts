/** The shape of a verb's file: what it takes, checked at the door, and what it does with it. */
import { z } from 'zod'
import { limits } from '../kernel/limits.ts'
import type { Context } from './context.ts'
import { type ExitCode, usageError } from './failure.ts'

export interface Verb {
  /** Runs with the arguments and options as typed. Answers with the exit code, or throws what is then reported. */
  run(input: Readonly<Record<string, unknown>>, context: Context): Promise<ExitCode>
}

/** Makes a verb from the shape of its arguments and options and the function that does its work. */
export function verb<S extends z.ZodType>(
  shape: S,
  work: (input: z.infer<S>, context: Context) => Promise<ExitCode>,
): Verb {
  return {
    run: (input, context) => {
      const parsed = shape.safeParse(input)
      if (parsed.success) return work(parsed.data, context)
      const problem = parsed.error.issues[0]
      throw usageError(
        `${nameOf(String(problem?.path[0] ?? ''), input)}: ${problem?.message ?? 'not valid'}`,
        'waymark help <verb> says what each option takes',
      )
    },
  }
}

function nameOf(key: string, input: Readonly<Record<string, unknown>>): string {
  const value = input[key]
  const shown = typeof value === 'string' ? ` "${value.slice(0, 60)}"` : ''
  const option = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return key === 'session' ? `session${shown}` : `--${option}${shown}`
}

/** A session as people name it: id, unique prefix, native id. */
export const sessionArgument = z
  .string()
  .min(1, 'a session is named by its id, a unique prefix of it, or its native id')
  .max(limits.lineCharactersMax, 'too long for the name of a session')

export const versionOption = z
  .string()
  .regex(/^\d{1,15}$/, 'a version is a whole number from 0')
  .transform(Number)

/** The epoch under which the caller holds the session. */
export const epochOption = z
  .string()
  .regex(/^\d{1,15}$/, 'an epoch is a whole number from 1')
  .transform(Number)
  .optional()

/** The epoch as the library takes it. */
export function under(epoch: number | undefined): { readonly epoch?: number } {
  return epoch === undefined ? {} : { epoch }
}

const scaleOf: Readonly<Record<string, number>> = { '': 1, k: 1_000, m: 1_000_000 }

/** A number of tokens: `200000`, `200_000`, `200k`, `1M`. */
export const tokensOption = z
  .string()
  .regex(/^\d[\d_]{0,14}[kKmM]?$/, 'a number of tokens is written as 200000, 200_000, 200k or 1M')
  .transform(
    (text) =>
      Number.parseInt(text.replaceAll('_', ''), 10) *
      (scaleOf[/[km]$/.exec(text.toLowerCase())?.[0] ?? ''] ?? 1),
  )

const timePattern = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/

/** A version, or a time; a time without a zone is in UTC. */
export const whenOption = z.string().transform((text, check): number | string => {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const zone = timePattern.exec(text)?.[4]
  const complete = text.length > 'YYYY-MM-DD'.length && zone === undefined ? `${text}Z` : text
  const timeMs = timePattern.test(text) ? Date.parse(complete.replace(' ', 'T')) : Number.NaN
  if (Number.isNaN(timeMs)) {
    check.addIssue({ code: 'custom', message: 'a version (12) or a time (2026-01-31T12:00:00Z)' })
    return z.NEVER
  }
  return new Date(timeMs).toISOString()
})

export const textOption = z.string().min(1, 'it is empty').max(limits.lineCharactersMax, 'it is too long')

/** How views put figures into words. Everything is in UTC and in one language, so that the same state reads the same everywhere. */
import type { BudgetPhase } from '../events/usage.ts'

/** What a line means for its reader; which colour that is, the reader's side decides. */
export type Tone = 'plain' | 'strong' | 'quiet' | 'good' | 'notice' | 'warning' | 'bad'

export const toneOfPhase: Readonly<Record<BudgetPhase, Tone>> = {
  normal: 'good',
  monitoring: 'notice',
  warning: 'warning',
  emergency: 'bad',
  exhausted: 'bad',
}

/** A fact with its name, for panels of two columns. */
export interface Fact {
  readonly label: string
  readonly value: string
  readonly tone?: Tone
}

const grouped = new Intl.NumberFormat('en-US')

/** `84,120` */
export function countText(count: number): string {
  return grouped.format(count)
}

/** `1 event`, `2,000 events` */
export function countOf(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** `42.5 %`; one digit behind the point, as the gauge is read to a tenth. */
export function percentText(percent: number): string {
  return `${percent.toFixed(1)} %`
}

/** `2026-01-31 12:00:00` of an ISO 8601 time, in UTC as recorded. */
export function timeText(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)}`
}

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

/** `350 ms`, `12.3 s`, `4 min 5 s`, `2 h 3 min` */
export function durationText(durationMs: number): string {
  if (durationMs < secondMs) return `${Math.round(durationMs)} ms`
  if (durationMs < minuteMs) return `${(durationMs / secondMs).toFixed(1)} s`
  if (durationMs < hourMs) {
    return `${Math.floor(durationMs / minuteMs)} min ${Math.floor((durationMs % minuteMs) / secondMs)} s`
  }
  return `${Math.floor(durationMs / hourMs)} h ${Math.floor((durationMs % hourMs) / minuteMs)} min`
}

/** `0:02:05`, `12:00:00`: hours, minutes and seconds, for columns. */
export function clockText(durationMs: number): string {
  const twoDigits = (count: number): string => String(Math.floor(count)).padStart(2, '0')
  const hours = Math.floor(durationMs / hourMs)
  return `${hours}:${twoDigits((durationMs % hourMs) / minuteMs)}:${twoDigits((durationMs % minuteMs) / secondMs)}`
}

/** `A, B, C and 4 more` */
export function namesText(names: readonly string[], shownMax = 3): string {
  const shown = names.slice(0, shownMax).join(', ')
  return names.length > shownMax ? `${shown} and ${names.length - shownMax} more` : shown
}

/** Sorts `task-2` before `task-10`, the same on every machine. */
const naturally = new Intl.Collator('en', { numeric: true })

export function inNaturalOrder(a: string, b: string): number {
  return naturally.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0)
}

/** Sessions that are history: imported, and not written any more. What was left open in them is good to know, and nobody's work. */
import type { ReadonlyState } from '../fold/state.ts'
import { bounds } from './bounds.ts'

const dayMs = 86_400_000

export function isPast(
  { nativeId, tool, lastEventAt }: Pick<ReadonlyState, 'nativeId' | 'tool' | 'lastEventAt'>,
  nowMs: number,
): boolean {
  const isImported = nativeId !== null && tool !== null
  return isImported && nowMs - Date.parse(lastEventAt ?? '') > bounds.importedDays * dayMs
}

/** When a process began: with its number it tells a process from a later one that was given the same number. */
import { readFileSync } from 'node:fs'

/** Fields of `/proc/<pid>/stat` after the name, which is in brackets and may hold blanks: the start is the 22nd of all, the state the 3rd. */
const startField = 19
const stateField = 0

/**
 * The start of a process, in ticks since the machine was started; `null` where the system does not tell, or there is no
 * such process. Of one that has ended and still has its number, because
 * its parent has not asked for its result, it says `ended`. Linux tells all that.
 */
export function processStartOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[stateField] === 'Z' ? 'ended' : (fields[startField] ?? null)
  } catch {
    return null
  }
}

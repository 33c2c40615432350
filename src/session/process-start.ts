/** When a process began: with its number it tells a process from a later one that was given the same number. */
import { readFileSync } from 'node:fs'

/** Fields of `/proc/<pid>/stat` after the name, which is in brackets and may hold blanks: the start is the 22nd of all. */
const startField = 19

/**
 * The start of a process, in ticks since the machine was started; `null` where the system does not tell, or there is no
 * such process. Linux tells it.
 */
export function processStartOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[startField] ?? null
  } catch {
    return null
  }
}

/** What verbs print of the difference of two states. */
import type { StateDiff } from '../views/state-diff.ts'
import { type DiffLine, diffLines } from '../views/state-diff-lines.ts'
import { countOf, countText } from '../views/text.ts'
import type { Output } from './output.ts'

/** A table for each part of the state that differs, in a pipe one row a change. */
export async function printStateDiff(output: Output, diff: StateDiff): Promise<void> {
  const sections = new Map<string, DiffLine[]>()
  for (const line of diffLines(diff)) {
    const lines = sections.get(line.section) ?? []
    sections.set(line.section, [...lines, line])
  }
  for (const [section, lines] of sections) {
    await output.table({
      section,
      columns: ['', 'what', 'before', 'after'],
      rows: lines.map(({ mark, path, before, after, tone }) => [
        { text: mark, tone },
        output.aligned ? shortPath(path, section) : path,
        before,
        { text: after, tone },
      ]),
    })
  }
  const { changes, changeCount, folded } = diff
  if (changeCount > changes.length) {
    output.note(`the first ${countText(changes.length)} of ${countOf(changeCount, 'change')}`)
  }
  if (folded.length > 0) output.note(`also different: ${folded.join(', ')}; diff --all lists them`)
}

/** Below the heading of its part a path need not say the part again. */
function shortPath(path: string, section: string): string {
  return path.startsWith(section) ? path.slice(section.length).replace(/^\./, '') : path
}

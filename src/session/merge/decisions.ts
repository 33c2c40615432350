/** Decisions of a merge. What was decided is never unsaid: theirs are recorded after ours. */
import { type Draft, drafted, must, noteConflict } from './draft.ts'
import { decisionKey, decisionLine, type MergedDecision } from './parts.ts'

export function mergeDecisions(draft: Draft): void {
  const { base } = draft
  const known = new Set([...base.theirs.decisions, ...drafted(draft).knowledge.decisions].map(decisionKey))
  const before = new Set(base.ours.decisions.map(decisionKey))
  const oursNew = drafted(draft).knowledge.decisions.filter((decision) => !before.has(decisionKey(decision)))
  const subjects = new Map(oursNew.map((decision) => [subjectOf(decision), decision]))
  for (const theirs of draft.theirs.decisions) {
    if (theirs.version <= base.newAfter || known.has(decisionKey(theirs))) continue
    known.add(decisionKey(theirs))
    const ours = subjects.get(subjectOf(theirs))
    if (ours === undefined) bring(draft, theirs)
    else settle(draft, ours, theirs)
  }
}

/** Two decisions are about the same thing when they are about one task, or say the same for other reasons. */
function subjectOf({ taskId, text }: MergedDecision): string {
  return taskId === null ? `says ${text}` : `about ${taskId}`
}

function settle(draft: Draft, ours: MergedDecision, theirs: MergedDecision): void {
  const policy = draft.policies.decisions
  const lines = { base: null, ours: decisionLine(ours), theirs: decisionLine(theirs) }
  const resolution = ({ ours: 'ours', theirs: 'theirs', union: 'both', fail: null } as const)[policy]
  if (resolution === 'theirs' || resolution === 'both') bring(draft, theirs)
  noteConflict(draft, { part: 'decisions', id: theirs.text, ...lines, resolution })
}

function bring(draft: Draft, theirs: MergedDecision): void {
  const { text, reason, taskId } = theirs
  must(draft, {
    type: 'decision.record',
    text,
    ...(reason === null ? {} : { reason }),
    ...(taskId === null ? {} : { taskId }),
  })
  const after = decisionLine(theirs)
  draft.changes.push({ part: 'decisions', id: text, as: text, change: 'added', before: null, after })
}

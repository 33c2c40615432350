/** Context items of a merge, tag by tag. */
import { contextItemOf } from '../../fold/state.ts'
import { limits } from '../../kernel/limits.ts'
import { addingOf } from '../load-history.ts'
import { attempt, type Draft, drafted, must, noteConflict, suffixed } from './draft.ts'
import { entryOf, itemKey, itemLine, type MergedItem } from './parts.ts'

export function mergeContext(draft: Draft): void {
  const tags = new Set([...Object.keys(draft.base.theirs.items), ...Object.keys(draft.theirs.items)])
  for (const tag of tags) mergeItem(draft, tag)
}

function mergeItem(draft: Draft, tag: string): void {
  const { base } = draft
  const theirs = entryOf(draft.theirs.items, tag)
  const ours = contextItemOf(drafted(draft), tag)
  const isChanged = !isSame(entryOf(base.theirs.items, tag), theirs)
  if (!isChanged || isSame(ours, theirs)) return
  const before = entryOf(base.ours.items, tag)
  if (isSame(before, ours)) {
    bring(draft, tag, theirs)
    return
  }
  const lines = { base: itemLine(before), ours: itemLine(ours), theirs: itemLine(theirs) }
  const resolution = resolved(draft, tag, ours, theirs)
  noteConflict(draft, { part: 'context', id: tag, ...lines, resolution })
}

function isSame(a: MergedItem | undefined, b: MergedItem | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a === b || itemKey(a) === itemKey(b)
}

function resolved(
  draft: Draft,
  tag: string,
  ours: MergedItem | undefined,
  theirs: MergedItem | undefined,
): 'ours' | 'theirs' | 'both' | null {
  const policy = draft.policies.context
  if (policy === 'fail') return null
  if (policy === 'ours') return 'ours'
  if (policy === 'theirs' || ours === undefined) {
    bring(draft, tag, theirs)
    return 'theirs'
  }
  // One side took it away: to keep both is to keep what there is.
  if (theirs === undefined) return 'ours'
  const second = suffixed(tag, `.${draft.suffix}`, limits.tagCharactersMax)
  const beside = contextItemOf(drafted(draft), second)
  if (!isSame(beside, theirs)) bring(draft, second, theirs)
  return 'both'
}

/** Makes the item of a tag what the other side has; `undefined` takes it away. */
function bring(draft: Draft, tag: string, theirs: MergedItem | undefined): void {
  const ours = contextItemOf(drafted(draft), tag)
  const before = itemLine(ours)
  const onlyTier =
    ours !== undefined && theirs !== undefined && isSame({ ...ours, tier: theirs.tier }, theirs)
  if (onlyTier) must(draft, { type: 'context.retier', tag, tier: theirs.tier })
  else {
    if (ours !== undefined) takeAway(draft, ours)
    if (theirs !== undefined) add(draft, tag, theirs)
  }
  const change = ours === undefined ? 'added' : theirs === undefined ? 'removed' : 'changed'
  draft.changes.push({
    part: 'context',
    id: theirs?.tag ?? tag,
    as: tag,
    change,
    before,
    after: itemLine(theirs),
  })
}

/** Critical items are not taken away before they are something else; over there they were not either. */
function takeAway(draft: Draft, { tag, tier }: MergedItem): void {
  if (tier === 'critical') must(draft, { type: 'context.retier', tag, tier: 'supporting' })
  must(draft, { type: 'context.archive', tags: [tag], reason: 'the merged session does not have it so' })
}

/** The item as it lies in the other window, as far as that is accepted here. Texts are shared, not copied. */
function add(draft: Draft, tag: string, theirs: MergedItem): void {
  const { tier, status, summary, estimated, tokens } = theirs
  must(draft, addingOf(theirs, tag))
  if (tier === 'critical') return
  if (status === 'deferred') {
    attempt(draft, { type: 'context.defer', tags: [tag], reason: 'it was deferred in the merged session' })
  }
  if (status === 'summarized' && summary !== null) {
    const { summaryTokens } = theirs
    const weight = summaryTokens === null || estimated ? {} : { tokens: Math.min(summaryTokens, tokens) }
    attempt(draft, { type: 'context.summarize', tag, summary, ...weight })
  }
}

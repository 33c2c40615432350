/** What `verify` found, in rows and sentences. */

import type { BatchOutcome, Divergence, NotAskedReason } from '../replay/verify/batch.ts'
import type { SessionVerification } from '../replay/verify/session.ts'
import type { Verification } from '../replay/verify/verify.ts'
import { countOf, countText } from '../views/text.ts'
import type { Cell } from './layout.ts'
import type { Table } from './output.ts'

type Row = readonly Cell[]

const sound: Cell = { text: 'sound', tone: 'good' }
const damaged: Cell = { text: 'damaged', tone: 'bad' }
const diverges: Cell = { text: 'diverges', tone: 'bad' }

/** A session's problems, and the first of its divergences. */
export function sessionRows(session: SessionVerification): readonly Row[] {
  const { sessionId, events, problems, redactedCount, redacted } = session
  const rows = problems.map(
    ({ version, kind, detail }): Row => [damaged, sessionId, events, version, `${kind}: ${detail}`],
  )
  const { divergences = [], divergenceCount = 0 } = session.machines ?? {}
  const [first] = divergences
  if (first !== undefined) {
    const more = divergenceCount > 1 ? ` (and ${batchesText(divergenceCount - 1)} more)` : ''
    rows.push([diverges, sessionId, events, first.version, `${divergenceText(first)}${more}`])
  }
  return rows.length > 0 ? rows : [[sound, sessionId, events, '', redactedText(redactedCount, redacted)]]
}

/** `machine-changed: task.start is refused now: it waits for something; it led to task.started` */
function divergenceText({ cause, command, outcome, difference }: Divergence): string {
  const { path, recorded, now } = difference
  if (outcome === 'refused') {
    const reason: unknown = Reflect.get(Object(now), 'refused')
    return `${cause}: ${command} is refused now: ${shown(reason)}; it led to ${shown(recorded)}`
  }
  if (outcome === 'nothing-new') {
    return `${cause}: ${command} has nothing to add now; it led to ${shown(recorded)}`
  }
  return `${cause}: ${command}: ${path} was ${shown(recorded)}, now ${shown(now)}`
}

const shownCharactersMax = 120

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null)
  if (value === null) return 'nothing'
  return text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text
}

/** `2 events redacted by version 41`: taken out on purpose, and recorded. */
function redactedText(count: number, redacted: readonly { readonly by: number }[]): string {
  if (count === 0) return ''
  const versions = [...new Set(redacted.map(({ by }) => by))].slice(0, 5)
  return `${countOf(count, 'event')} redacted by version ${versions.join(', ')}`
}

export function textRows({ problems }: Verification['contents']): readonly Row[] {
  return problems.map(({ hash, detail }): Row => [damaged, `text ${hash}`, null, null, detail])
}

const outcomeTexts: Readonly<Record<BatchOutcome['outcome'], string>> = {
  refused: 'refused now',
  'nothing-new': 'nothing to add now',
  'other-events': 'other events now',
  'goes-elsewhere': 'goes elsewhere now',
}

/** What would end in another way, by command, over all sessions. */
export function outcomeTable(sessions: readonly SessionVerification[]): Table {
  const sums = new Map<
    string,
    { command: string; outcome: BatchOutcome['outcome']; count: number; sessions: number }
  >()
  for (const { command, outcome, count } of sessions.flatMap(({ machines }) => machines?.outcomes ?? [])) {
    const key = `${command} ${outcome}`
    const sum = sums.get(key) ?? { command, outcome, count: 0, sessions: 0 }
    sums.set(key, { ...sum, count: sum.count + count, sessions: sum.sessions + 1 })
  }
  const rows = [...sums.values()].map(
    (sum): Row => [sum.command, outcomeTexts[sum.outcome], sum.count, sum.sessions],
  )
  return { section: 'what would be different', columns: ['command', '', 'batches', 'sessions'], rows }
}

const reasonTexts: Readonly<Record<NotAskedReason, string>> = {
  'data-taken-out': 'data was taken out of them',
  'after-data-taken-out': 'what they change was taken out before',
  'unknown-event': 'an event of theirs is not known here',
  'counted-in-another-home': 'calls of theirs were reported in another home',
  'older-than-allocations': 'they were recorded before allocations were',
  'incomplete-batch': 'a part of them is not there',
  'machine-not-given': 'they are of a machine that is not at hand (--machines names a module with it)',
  'other-machine-version': 'another version of their machine recorded them',
  'after-damage': 'they come after damage',
}

function batchesText(count: number): string {
  return `${countText(count)} ${count === 1 ? 'batch' : 'batches'}`
}

/** What could not be asked about, and snapshots that nothing uses any more. */
export function uncertainText(sessions: readonly SessionVerification[]): readonly string[] {
  const counts = new Map<NotAskedReason, number>()
  for (const { reason, count } of sessions.flatMap(({ machines }) => machines?.notAsked ?? [])) {
    counts.set(reason, (counts.get(reason) ?? 0) + count)
  }
  const lines = [...counts].map(
    ([reason, count]) => `not asked: ${batchesText(count)}, as ${reasonTexts[reason]}`,
  )
  const older = sessions.reduce((sum, { snapshots }) => sum + snapshots.ofOtherFold, 0)
  if (older === 0) return lines
  return [
    ...lines,
    `${countOf(older, 'snapshot')} of another fold version: passed over, events are folded instead`,
  ]
}

/** What the machines said, in one sentence. */
export function askedText(sessions: readonly SessionVerification[]): readonly string[] {
  const verdicts = sessions.flatMap(({ machines }) => (machines === null ? [] : [machines]))
  const batches = verdicts.reduce((sum, verdict) => sum + verdict.batches, 0)
  const diverging = verdicts.filter(({ divergenceCount }) => divergenceCount > 0)
  const count = diverging.reduce((sum, { divergenceCount }) => sum + divergenceCount, 0)
  if (verdicts.length === 0) return []
  const asked = `the machines were asked about ${batchesText(batches)}`
  if (count === 0) return [`${asked}: each follows from its command`]
  return [`${asked}: ${count} in ${countOf(diverging.length, 'session')} would be different`]
}

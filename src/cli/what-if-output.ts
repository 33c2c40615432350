/** What a what-if found, for people and for programs. */
import type { ConfigurationChange } from '../events/session.ts'
import { stateHash } from '../fold/fold.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { countedText, windowText } from '../views/state-view.ts'
import { taskCountsText } from '../views/task-list.ts'
import { countOf, countText, type Fact, percentText, timeText, toneOfPhase } from '../views/text.ts'
import type { PhaseStep, Told } from '../what-if/comparison.ts'
import { toldApartFromMoved } from '../what-if/moved.ts'
import type { SavedFork } from '../what-if/save.ts'
import type { WhatIf } from '../what-if/what-if.ts'
import type { Cell } from './layout.ts'
import type { Output } from './output.ts'
import type { TypedChanges } from './what-if-input.ts'

/** Rows of a table for people; under `--json` lists are longer. */
const rowsMax = 20

export function whatIfJson(found: WhatIf, { changes, withoutEffect }: TypedChanges, fork: SavedFork | null) {
  const { state, ...rest } = found
  const { configuration, skip = [], edit = [], insert = [], machines } = changes
  return {
    asked: {
      configuration: configuration ?? null,
      machines: machines !== undefined,
      skip,
      edit,
      insert,
      withoutEffect,
    },
    ...rest,
    state: { recorded: shortState(state.recorded), played: shortState(state.played) },
    fork,
  }
}

function shortState(state: ReadonlyState) {
  const { version, status, window, usage } = state
  const tasks = Object.fromEntries(Object.values(state.tasks).map((task) => [task.id, task.status]))
  return { version, status, window, usage, tasks, stateHash: stateHash(state) }
}

export async function printWhatIf(
  output: Output,
  found: WhatIf,
  { changes, withoutEffect }: TypedChanges,
  fork: SavedFork | null,
): Promise<void> {
  await output.facts(headFacts(found, changes.configuration), output.aligned ? undefined : 'what-if')
  if (!found.same) {
    await printPhases(output, found)
    await printRefused(output, found)
    await printCheckpoints(output, found)
    await printState(output, found)
    await printTakenOver(output, found)
  }
  if (withoutEffect.length > 0) {
    output.note(`no session depends on ${withoutEffect.join(', ')}: nothing comes of it here`)
  }
  if (fork !== null) await printFork(output, fork)
}

function headFacts(found: WhatIf, configuration: ConfigurationChange | undefined): readonly Fact[] {
  const { partsAt, same } = found
  const from = found.playedFrom === 0 ? '' : `, from version ${countText(found.playedFrom + 1)} on`
  const facts: Fact[] = [
    { label: 'session', value: found.sessionId },
    { label: 'played', value: `${countOf(found.commands, 'command')}${from}, in memory` },
    { label: 'called', value: 'no model, no tool' },
  ]
  for (const [field, value] of Object.entries(configuration ?? {})) {
    const now = Reflect.get(found.state.recorded.configuration, field)
    const text = value === now ? `${String(value)}, as it is` : `${String(value)} instead of ${String(now)}`
    facts.push({ label: field, value: text })
  }
  for (const { version, fields } of found.gaveWay.listed) {
    const what = fields.length === 0 ? 'redacted: what it took out stays out' : `set ${fields.join(', ')}`
    facts.push({ label: 'gave way', value: `version ${version} ${what}` })
  }
  if (same) return [...facts, { label: 'outcome', value: 'the same', tone: 'good' }]
  if (partsAt === null && found.refused.count > 0) {
    const refused = countOf(found.refused.count, 'inserted command')
    return [...facts, { label: 'outcome', value: `no other events; ${refused} refused`, tone: 'warning' }]
  }
  if (partsAt === null) {
    return [...facts, { label: 'outcome', value: 'the same, but for the configuration itself', tone: 'good' }]
  }
  return [...facts, { label: 'parts at', value: partsText(partsAt), tone: 'notice' }]
}

const becameText: Readonly<Record<NonNullable<WhatIf['partsAt']>['kind'], string>> = {
  played: 'leads to other events',
  edited: 'is another one now',
  skipped: 'is left out',
  'gave-way': 'gives way',
  'taken-over': 'is taken over',
  inserted: 'is new after it',
  refused: 'is refused now',
}

function partsText({ version, time, command, kind }: NonNullable<WhatIf['partsAt']>): string {
  return `version ${countText(version)} (${timeText(time)}): ${command} ${becameText[kind]}`
}

async function printPhases(output: Output, { phases }: WhatIf): Promise<void> {
  const rows = [
    ...phases.recorded.listed.map((phase) => ({ phase, when: 'then' })),
    ...phases.played.listed.map((phase) => ({ phase, when: 'now' })),
  ]
  const apart = rows.filter(({ phase, when }) => {
    const others = when === 'then' ? phases.played : phases.recorded
    return !others.listed.some((other) => isSamePhase(other, phase))
  })
  const sorted = apart.sort((a, b) => a.phase.version - b.phase.version)
  await section(
    output,
    'phases',
    ['version', 'time', 'budget', 'from', 'to', 'window'],
    all(sorted),
    ({ phase, when }) => [
      phase.version,
      { text: timeText(phase.time) },
      { text: when },
      { text: phase.from, tone: toneOfPhase[phase.from] },
      { text: phase.to, tone: toneOfPhase[phase.to] },
      { text: percentText(phase.percent) },
    ],
  )
}

function isSamePhase(a: PhaseStep, b: PhaseStep): boolean {
  return a.version === b.version && a.from === b.from && a.to === b.to
}

function all<T>(listed: readonly T[]): Told<T> {
  return { count: listed.length, listed }
}

async function printRefused(output: Output, { refused }: WhatIf): Promise<void> {
  await section(output, 'refused', ['version', 'command', 'about', 'is', 'reason'], refused, (entry) => [
    entry.version,
    { text: entry.command, tone: 'bad' },
    { text: entry.subject },
    { text: entry.status },
    { text: entry.reason },
  ])
}

async function printCheckpoints(output: Output, { checkpoints }: WhatIf): Promise<void> {
  const { missing, added } = checkpoints
  const entries = [
    ...missing.listed.map((entry) => ({ ...entry, what: 'not taken' })),
    ...added.listed.map((entry) => ({ ...entry, what: 'taken' })),
  ].sort((a, b) => a.version - b.version)
  const told = { count: missing.count + added.count, listed: entries }
  await section(output, 'checkpoints', ['version', 'time', 'now', 'trigger', 'reason'], told, (entry) => [
    entry.version,
    { text: timeText(entry.time) },
    { text: entry.what, tone: entry.what === 'taken' ? 'good' : 'warning' },
    { text: entry.trigger },
    { text: entry.reason ?? '' },
  ])
}

async function printState(output: Output, { state, diff, gaveWay }: WhatIf): Promise<void> {
  const facts = [
    ['version', (of: ReadonlyState) => countText(of.version)],
    ['status', (of: ReadonlyState) => of.status.replace('_', ' ')],
    ['window', (of: ReadonlyState) => windowText(of.window)],
    ['spent', (of: ReadonlyState) => countedText(of.usage)],
    ['tasks', (of: ReadonlyState) => taskCountsText(of)],
    ['checkpoints', (of: ReadonlyState) => countText(of.checkpointCount)],
  ] as const
  const rows = facts
    .map(([label, text]) => [label, text(state.recorded), text(state.played)] as const)
    .filter(([, then, now]) => then !== now)
  await section(output, 'at the end', ['', 'then', 'now'], all(rows), (row) => row.map((text) => ({ text })))
  const { told, moved } = toldApartFromMoved(diff.changes)
  const isRedacted = gaveWay.listed.some(({ fields }) => fields.length === 0)
  // That a redaction gave way is told above; its count says no more.
  const listed = isRedacted ? told.filter(({ path }) => path !== 'redactions') : told
  const changes = { count: diff.changeCount - (diff.changes.length - listed.length), listed }
  await section(
    output,
    'state',
    ['what', 'path', 'then', 'now'],
    changes,
    ({ kind, path, before, after }) => [
      { text: kind },
      { text: path },
      { text: valueText(before) },
      { text: valueText(after) },
    ],
  )
  if (moved > 0)
    output.note(`${countOf(moved, 'part')} of the state only came at another version: --json lists them`)
}

const valueCharactersMax = 60

function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'none'
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.length > valueCharactersMax ? `${text.slice(0, valueCharactersMax - 1)}…` : text
}

const takenOverText: Readonly<Record<keyof WhatIf['takenOver'], string>> = {
  unknown: 'of a type that is not known here',
  policies: 'asked for by policies that are not at hand',
  redaction: 'of which something was taken out since',
  rewind: 'rewound: what was put back is as recorded',
  merge: 'merged: what was brought is as recorded',
  recovery: 'of a recovery: what it found is as recorded',
  handoff: 'handed off: the package is as recorded',
}

async function printTakenOver(output: Output, { takenOver }: WhatIf): Promise<void> {
  const rows = Object.entries(takenOver).filter(([, count]) => count > 0)
  for (const [reason, count] of rows) {
    const text = takenOverText[reason as keyof WhatIf['takenOver']]
    output.note(`${countOf(count, 'command')} after the parting taken over: ${text}`)
  }
}

async function printFork(output: Output, fork: SavedFork): Promise<void> {
  const { sessionId, forkedAt, parentSessionId, commands, leftOut } = fork
  await output.facts(
    [
      { label: 'saved', value: sessionId, tone: 'good' },
      { label: 'fork of', value: `${parentSessionId} at version ${countText(forkedAt)}` },
      { label: 'recorded', value: countOf(commands, 'command') },
    ],
    'fork',
  )
  for (const { version, command, reason } of leftOut.listed.slice(0, rowsMax)) {
    output.warn(`version ${version} ${command} was left out: ${reason}`)
  }
  output.note(`next: waymark diff ${parentSessionId} ${sessionId}, waymark tree ${parentSessionId}`)
}

/** A table with its title, cut for people; nothing where there is nothing to tell. */
async function section<T>(
  output: Output,
  title: string,
  columns: readonly string[],
  { count, listed }: Told<T>,
  cells: (entry: T) => readonly Cell[],
): Promise<void> {
  if (listed.length === 0) return
  const shown = output.aligned ? listed.slice(0, rowsMax) : listed
  await output.table({ columns, rows: shown.map(cells), section: title })
  if (shown.length < count) output.note(`${countText(count - shown.length)} more ${title}: --json lists them`)
}

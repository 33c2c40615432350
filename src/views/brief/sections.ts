/** The sections of a brief: what each is called, from which level on it is there, and how dear it is. */
import type { ReadonlyState } from '../../fold/state.ts'
import { machineText, machineView } from '../machine-view.ts'
import { countOf, countText, percentText, timeText } from '../text.ts'
import { nextFit, objectiveFit, promptFit, replyFit } from './direction.ts'
import { earlierFit, earlierRepliesFit } from './earlier.ts'
import { type Fit, fitLines } from './fit.ts'
import {
  checkpointFit,
  constraintsFit,
  decisionsFit,
  filesFit,
  itemsFit,
  preferencesFit,
  specsFit,
  variablesFit,
} from './knowledge.ts'
import { beforeFit, historyFit, itemSummariesFit, summaryFit } from './past.ts'
import { onOneLine } from './readable.ts'
import { type Source, shortName } from './source.ts'
import { completedFit, tasksFit } from './tasks.ts'

/** 1: what to do now. 2: and what must be known. 3: and how it came to this. */
export const briefLevels = [1, 2, 3] as const
export type BriefLevel = (typeof briefLevels)[number]

export interface SectionSpec {
  readonly title: string
  readonly level: BriefLevel
  /** Part of the room that it may take before all others have had theirs. */
  readonly share: number
  /** Part of the room up to which it grows before any other grows: it is short, and of little use when cut. */
  readonly firstShare?: number
  /** Bytes that it may take at first, however small its share is: a heading and a line that says something. */
  readonly leastBytes?: number
  /** `null` when there is nothing to say. */
  readonly fit: (source: Source) => Fit | null
  /** The command that shows the whole of it. */
  readonly whole: (name: string, source: Source) => string
}

const show = (name: string): string => `waymark show ${name}`
const texts = (name: string): string => `waymark export ${name} --content`

/** Dearest first: what comes first is said first, and left out last. */
export const sectionSpecs = {
  session: { title: 'Session', level: 1, share: 0.05, fit: sessionFit, whole: show },
  machine: { title: 'Machine', level: 1, share: 0.05, firstShare: 0.15, fit: machineFit, whole: show },
  objective: { title: 'Objective', level: 1, share: 0.07, fit: objectiveFit, whole: texts },
  next: { title: 'Next step', level: 1, share: 0.07, firstShare: 0.3, fit: nextFit, whole: texts },
  prompt: { title: 'Last prompt', level: 1, share: 0.09, fit: promptFit, whole: texts },
  tasks: {
    title: 'Open tasks',
    level: 1,
    share: 0.09,
    firstShare: 0.25,
    fit: tasksFit,
    whole: (name) => `waymark tasks ${name}`,
  },
  calls: {
    title: 'Open calls: outcome unknown',
    level: 1,
    share: 0.08,
    firstShare: 0.15,
    fit: callsFit,
    whole: show,
  },
  reply: { title: 'Last reply', level: 1, share: 0.1, fit: replyFit, whole: texts },
  constraints: { title: 'Constraints', level: 2, share: 0.04, fit: constraintsFit, whole: texts },
  earlier: {
    title: 'Prompts before it, newest first',
    level: 2,
    share: 0.07,
    firstShare: 0.12,
    leastBytes: 240,
    fit: earlierFit,
    whole: texts,
  },
  summary: { title: 'Summary of the last compaction', level: 2, share: 0.12, fit: summaryFit, whole: texts },
  before: {
    title: 'The session before',
    level: 2,
    share: 0.06,
    fit: beforeFit,
    whole: (name, { predecessor }) =>
      predecessor === null ? show(name) : `waymark brief ${shortName(predecessor.sessionId)}`,
  },
  decisions: {
    title: 'Decisions',
    level: 2,
    share: 0.05,
    leastBytes: 200,
    fit: decisionsFit,
    whole: (name) => `waymark log ${name} --type decision`,
  },
  preferences: { title: 'The user', level: 2, share: 0.02, fit: preferencesFit, whole: show },
  specs: { title: 'SPECs and milestones', level: 2, share: 0.03, fit: specsFit, whole: show },
  files: {
    title: 'Files written, newest first',
    level: 2,
    share: 0.04,
    leastBytes: 190,
    fit: filesFit,
    whole: (name) => `waymark show ${name} --json`,
  },
  items: {
    title: 'Context items',
    level: 2,
    share: 0.05,
    leastBytes: 200,
    fit: itemsFit,
    whole: (name) => `waymark context ${name}`,
  },
  checkpoint: {
    title: 'Last checkpoint',
    level: 2,
    share: 0.02,
    fit: checkpointFit,
    whole: (name) => `waymark checkpoints ${name}`,
  },
  budget: {
    title: 'Budget',
    level: 2,
    share: 0.01,
    fit: budgetFit,
    whole: (name) => `waymark budget ${name}`,
  },
  variables: { title: 'Variables', level: 3, share: 0.01, fit: variablesFit, whole: show },
  replies: {
    title: 'Earlier replies, newest first',
    level: 3,
    share: 0.04,
    fit: earlierRepliesFit,
    whole: texts,
  },
  summaries: {
    title: 'Summaries of context items',
    level: 3,
    share: 0.03,
    fit: itemSummariesFit,
    whole: (name) => `waymark context ${name}`,
  },
  completed: {
    title: 'Completed tasks',
    level: 3,
    share: 0.01,
    fit: completedFit,
    whole: (name) => `waymark tasks ${name} --status completed`,
  },
  history: {
    title: 'History, newest first',
    level: 3,
    share: 0.03,
    fit: historyFit,
    whole: (name) => `waymark log ${name}`,
  },
} as const satisfies Readonly<Record<string, SectionSpec>>

export type SectionName = keyof typeof sectionSpecs

function sessionFit({ state }: Source): Fit {
  const { title, status, endReason, offeredTo, model, cwd, gitBranch, startedAt, lastEventAt } = state
  const detail = status === 'ended' ? endReason : status === 'handed_off' ? offeredTo : null
  const facts: readonly (readonly [string, string | null])[] = [
    ['Title', title],
    ['Status', `${status.replace('_', ' ')}${detail === null ? '' : ` (${detail})`}`],
    ['Folder', cwd === null || gitBranch === null || gitBranch === '' ? cwd : `${cwd}, branch ${gitBranch}`],
    [
      'Last event',
      lastEventAt === null
        ? null
        : `${timeText(lastEventAt)} UTC${startedAt === null ? '' : `, begun ${timeText(startedAt)}`}`,
    ],
    ['Model', model],
    ['Project', projectText(state)],
    ['Continues', state.continuesSessionId],
    [state.forkedAt === null ? 'Started by' : 'Fork of', state.parentSessionId],
  ]
  return fitLines(
    facts.flatMap(([label, value]) => (value === null || value === '' ? [] : [`- ${label}: ${value}`])),
    (count) => `${count} more facts`,
  )
}

function projectText({ cwd, knowledge: { project } }: ReadonlyState): string | null {
  const { name, root } = project
  const isFolder = root === cwd && (name === null || cwd?.includes(name) === true)
  const parts = isFolder ? [] : [name, root].filter((text) => text !== null)
  return parts.length === 0 ? null : parts.join(', ')
}

/** Where the machine is, what it waits for, and what brought it there. */
function machineFit({ state }: Source): Fit | null {
  const { machine } = state
  if (machine === undefined) return null
  const view = machineView(machine)
  const { lastTransitionAt } = machine
  const last = state.history.findLast(
    ({ time, text }) => time === lastTransitionAt && text.endsWith(view.value),
  )
  const waits = [
    ...view.effects.map(({ src, since }) => `effect ${src}, running since version ${countText(since)}`),
    ...view.timers.map(({ name, dueAt }) => `timer ${name}, due ${timeText(dueAt)} UTC`),
  ]
  return fitLines(
    [
      `- ${state.nativeId === null ? '' : `${state.nativeId}: `}machine ${machineText(view)}`,
      `- Last step: ${last === undefined ? '' : `${last.text}, `}${timeText(lastTransitionAt)} UTC`,
      ...waits.slice(0, waitsMax).map((wait) => `- Waits for: ${wait}`),
      ...(waits.length > waitsMax ? [`- Waits for: ${waits.length - waitsMax} more`] : []),
    ].map(onOneLine),
    (count) => `${count} more lines`,
  )
}

/** What a machine waits for that is named one by one. */
const waitsMax = 6

function callsFit({ state, targets, name }: Source): Fit | null {
  const calls = Object.entries(state.openCalls).sort(([, a], [, b]) => b.version - a.version)
  if (calls.length === 0) return null
  const lines = calls.map(([id, { name: tool, version, time, childSessionId }]) => {
    const child = childSessionId === null ? '' : `, session ${childSessionId}`
    const target = targets.get(id)
    return `- ${tool}${target === undefined ? '' : `: ${onOneLine(target).slice(0, targetCharacters)}`} (version ${version}, ${timeText(time)}${child})`
  })
  return fitLines(lines, (count) => `${count} more: waymark show ${name}`)
}

/** Characters of what a call works on: a command may be a whole script. */
const targetCharacters = 160

function budgetFit({ state }: Source): Fit | null {
  const { usedTokens, totalTokens, percent, phase, estimated } = state.window
  if (usedTokens === 0) return null
  const compactions = state.compactions === 0 ? '' : `, ${countOf(state.compactions, 'compaction')}`
  const given = state.failures.last === null ? '' : `; last failure of a call: ${state.failures.last}`
  return fitLines(
    [
      `- ${countText(usedTokens)} of ${countText(totalTokens)} tokens (${percentText(percent)})${estimated ? ', estimated' : ''}, ${phase}${compactions}${given}`,
    ],
    String,
  )
}

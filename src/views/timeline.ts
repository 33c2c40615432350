/**
 * The story of a session, one line an event, in plain words. The table has a line for every type of event: a new type does
 * not compile without one. Notable lines make the story; details are there for who asks.
 */
import type { EventData, EventType } from '../events/catalogue.ts'
import { isKnown, type LoggedEvent, type RecordedEvent } from '../events/envelope.ts'
import type { ContentRef, Counted } from '../events/shapes.ts'
import type { Wait } from '../events/task.ts'
import { contextLines, growthText, knowledgeLines } from './context-lines.ts'
import { tokenParts } from './state-view.ts'
import { countOf, countText, durationText, namesText, percentText, type Tone, toneOfPhase } from './text.ts'
import { branchLines } from './timeline-branch.ts'
import { detail, type Line, type Lines, notable, said, with_ } from './timeline-line.ts'
import { machineLines } from './timeline-machine.ts'

export interface TimelineEntry {
  readonly time: string
  readonly version: number
  readonly type: string
  readonly text: string
  readonly tone: Tone
  /** Part of the story, or a detail of it. */
  readonly notable: boolean
}

const sessionLines = {
  'session.started': notable(
    ({ title, model, agent, window }) =>
      `session started${said(title)}${with_('by', agent)}${with_('with', model)}, window ${countText(window.totalTokens)} tokens`,
    'strong',
  ),
  'session.described': detail(({ title, cwd, gitBranch, toolVersion, permissionMode }) => {
    const facts = {
      title,
      folder: cwd,
      branch: gitBranch,
      'tool version': toolVersion,
      'permission mode': permissionMode,
    }
    const known = Object.entries(facts).filter(([, value]) => value !== undefined)
    return `session described: ${known.map(([name, value]) => `${name} ${value}`).join(', ')}`
  }),
  'session.configured': notable(
    ({ configuration }) => `session configured: ${configurationText(configuration)}`,
  ),
  'session.suspended': notable(({ reason }) => `session suspended${said(reason)}`, 'warning'),
  'session.resumed': notable(({ reason }) => `session resumed${said(reason)}`),
  'session.handed-off': notable(
    ({ toAgent, reason }) => `session handed off to ${toAgent}${said(reason)}`,
    'notice',
  ),
  'session.taken-over': notable(
    ({ agent, epoch }) => `session taken over by ${agent}, epoch ${epoch}`,
    'notice',
  ),
  'session.ended': notable(({ reason }) => `session ended${said(reason)}`, 'strong'),
  'session.forked': notable(
    ({ parentSessionId, parentVersion, title }) =>
      `forked from ${parentSessionId} at version ${parentVersion}${said(title)}`,
    'strong',
  ),
  'session.recovered': notable(
    ({ from, replayedEvents, openCount }) =>
      `recovered by ${from.replaceAll('-', ' ')}, ${countOf(replayedEvents, 'event')} replayed, ${countText(openCount)} left open`,
    'notice',
  ),
  'prompt.submitted': notable(({ content }) => `prompt: ${preview(content)}`, 'strong'),
  'reply.recorded': detail(
    ({ kind, content }) => `${kind === 'text' ? 'reply' : 'thinking'}: ${preview(content)}`,
  ),
  'turn.completed': detail(
    ({ durationMs }) => `turn completed${durationMs === undefined ? '' : ` in ${durationText(durationMs)}`}`,
  ),
  'turn.interrupted': notable(({ reason }) => `turn interrupted${said(reason)}`, 'warning'),
} satisfies Partial<Lines>

const taskLines = {
  'task.added': notable(
    ({ taskId, title, parentTaskId }) => `${taskText(taskId)} added: ${title}${with_('below', parentTaskId)}`,
  ),
  'task.described': detail(
    ({ taskId, title, agent }) =>
      `${taskText(taskId)} described${said(title)}${agent === undefined ? '' : `, now worked on by ${agent}`}`,
  ),
  'task.started': notable(
    ({ taskId, status }) =>
      `${taskText(taskId)} started${status === 'token_warning' ? ' under a token warning' : ''}`,
    'notice',
  ),
  'task.phase-entered': notable(({ taskId, phase }) => `${taskText(taskId)} enters ${phase}`, 'notice'),
  'task.blocked': notable(
    ({ taskId, on }) => `${taskText(taskId)} blocked, waits for ${waitText(on)}`,
    'warning',
  ),
  'task.unblocked': notable(({ taskId, status }) => `${taskText(taskId)} unblocked, ${words(status)} again`),
  'task.context-switched': notable(
    ({ taskIds, cause }) => `${tasksText(taskIds)} lost context: ${switchCauseText[cause]}`,
    'warning',
  ),
  'task.context-restored': notable(
    ({ taskIds, status }) => `${tasksText(taskIds)} back in context, ${words(status)}`,
  ),
  'task.completed': notable(({ taskId, result }) => `${taskText(taskId)} completed${said(result)}`, 'good'),
  'task.failed': notable(
    ({ taskId, reason, retryable }) =>
      `${taskText(taskId)} failed: ${reason}${retryable ? ', can be recovered' : ''}`,
    'bad',
  ),
  'task.cancelled': notable(
    ({ taskId, detail: why }) => `${taskText(taskId)} cancelled${said(why)}`,
    'warning',
  ),
  'task.recovered': notable(
    ({ taskId, checkpointId }) =>
      `${taskText(taskId)} recovered, goes on from ${checkpointId === 'origin' ? 'the beginning' : checkpointId}`,
    'notice',
  ),
  'task.warned': notable(
    ({ taskIds }) => `${tasksText(taskIds)} warned: the window is filling up`,
    'warning',
  ),
  'task.relieved': notable(({ taskIds }) => `${tasksText(taskIds)} relieved: there is room again`, 'good'),
} satisfies Partial<Lines>

const usageLines = {
  'usage.recorded': detail(({ model, counted, elsewhere, window }) => {
    const what =
      counted.calls === 1 || elsewhere !== undefined
        ? `call to ${model}`
        : `figures of a call to ${model} raised`
    const own = isZero(counted) && elsewhere !== undefined ? '' : `: ${tokenParts(counted).join(', ')}`
    const inherited = elsewhere === undefined ? '' : `; inherited: ${tokenParts(elsewhere).join(', ')}`
    return `${what}${own}${inherited}${window === null ? '' : `; window ${readingText(window)}`}`
  }),
  'context.measured': detail(({ window }) => `window ${readingText(window)}`),
  'context.compacted': notable(({ trigger, kind, preTokens, postTokens, savedTokens, window }) => {
    const tokens =
      preTokens !== undefined && postTokens !== undefined
        ? `, ${countText(preTokens)} → ${countText(postTokens)} tokens`
        : ''
    const saved = tokens === '' && savedTokens !== undefined ? `, ${countText(savedTokens)} tokens saved` : ''
    const before =
      tokens === '' && saved === '' && preTokens !== undefined ? ` at ${countText(preTokens)} tokens` : ''
    const after = window === null ? '' : `; window ${readingText(window)}`
    return `context compacted (${kind}, ${trigger})${tokens}${saved}${before}${after}`
  }, 'notice'),
  'model.switched': notable(
    ({ from, model, window }) => `model ${from ?? 'unknown'} → ${model}; window ${readingText(window)}`,
    'notice',
  ),
  'budget.phase-changed': notable(
    ({ from, to, percent }) => `budget ${from} → ${to} at ${percentText(percent)}`,
    ({ to }) => toneOfPhase[to],
  ),
  'budget.forecasted': notable(
    ({ forecast }) =>
      forecast === null
        ? 'the window does not grow towards another phase'
        : `${words(forecast.phase)} expected after ${countOf(forecast.reportsToGo, 'more report')}${with_('at', forecast.expectedAt ?? undefined)}; most of the growth: ${growthText[forecast.kind]} (${percentText(forecast.kindPercent)})`,
    'notice',
  ),
  'budget.allocation-overrun': notable(
    ({ allocations }) =>
      `allocation overrun: ${allocations.map(({ name, usedTokens, limitTokens }) => `${name} ${countText(usedTokens)} of ${countText(limitTokens)}`).join(', ')}`,
    'warning',
  ),
  'budget.allocation-relieved': detail(({ names }) => `allocation relieved: ${names.join(', ')}`),
} satisfies Partial<Lines>

const workLines = {
  'tool.called': detail(
    ({ name, input, target, childSessionId }) =>
      `tool ${name} called${said(target ?? (input === undefined ? undefined : preview(input)))}${with_('in', childSessionId)}`,
  ),
  'tool.began': detail(() => 'tool began to run'),
  'tool.returned': detail(
    ({ outcome, output }) =>
      `tool ${toolOutcomeText[outcome]}${output === undefined ? '' : `: ${preview(output)}`}`,
    ({ outcome }) => (outcome === 'ok' ? 'quiet' : 'warning'),
  ),
  'call.retried': notable(({ reason, attempt, attemptsMax, delayMs }) => {
    const of = attemptsMax === undefined ? '' : ` of ${attemptsMax}`
    const number = attempt === undefined ? '' : `, attempt ${attempt}${of}`
    return `model call tried again: ${reason}${number}${delayMs === undefined ? '' : ` after ${durationText(delayMs)}`}`
  }, 'warning'),
  'call.failed': notable(({ reason, detail: more }) => `model call failed: ${reason}${said(more)}`, 'bad'),
  'checkpoint.created': notable(({ checkpointId, version, trigger, reason, phase, gitHead, gitDirty }) => {
    const facts = [
      trigger,
      phase,
      gitHead === undefined
        ? undefined
        : `git ${gitHead.slice(0, 12)}${gitDirty === true ? ' with changes' : ''}`,
    ].filter(Boolean)
    return `checkpoint ${checkpointId} of version ${version} (${facts.join(', ')})${said(reason)}`
  }, 'good'),
  'checkpoint.archived': detail(
    ({ checkpointIds }) =>
      `${countOf(checkpointIds.length, 'checkpoint')} archived: ${namesText(checkpointIds, 3)}`,
  ),
  'observation.recorded': detail(
    ({ kind, detail: more, line, content }) =>
      `observed ${kind}${with_('in line', line)}${said(more)}${content === undefined ? '' : `: ${preview(content)}`}`,
  ),
} satisfies Partial<Lines>

const lines: Lines = {
  ...branchLines,
  ...sessionLines,
  ...taskLines,
  ...usageLines,
  ...contextLines,
  ...knowledgeLines,
  ...workLines,
  ...machineLines,
}

/** The line of an event. An event of an unknown type has one too: that it was passed over. */
export function timelineEntry(event: LoggedEvent): TimelineEntry {
  const { time, version, type } = event
  if (!isKnown(event)) {
    return {
      time,
      version,
      type,
      text: `${type}: not known to this version, passed over`,
      tone: 'quiet',
      notable: false,
    }
  }
  const { text, tone, notable: isNotable } = lineOf(event)
  return { time, version, type, text, tone, notable: isNotable }
}

function lineOf(event: RecordedEvent): { text: string; tone: Tone; notable: boolean } {
  // The type picks the line that takes exactly this event's data; the compiler cannot follow the pairing.
  const line = lines[event.type] as Line<EventType>
  const tone = typeof line.tone === 'function' ? line.tone(event.data) : line.tone
  return { text: line.text(event.data), tone, notable: line.notable }
}

const switchCauseText: Readonly<Record<EventData<'task.context-switched'>['cause'], string>> = {
  model: 'another model',
  fork: 'the session was forked',
  compaction: 'the context was compacted',
  handoff: 'the session was handed off',
  other: 'for a reason of its own',
}

const toolOutcomeText: Readonly<Record<EventData<'tool.returned'>['outcome'], string>> = {
  ok: 'returned',
  error: 'returned an error',
  denied: 'was denied',
  interrupted: 'was interrupted',
}

/** `warning threshold percent 70, forking enabled false` */
function configurationText(configuration: EventData<'session.configured'>['configuration']): string {
  const named = Object.entries(configuration).filter(([, value]) => value !== undefined)
  const spaced = (key: string): string => key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return named.map(([key, value]) => `${spaced(key)} ${value ?? 'standard'}`).join(', ')
}

function words(status: string): string {
  return status.replaceAll('_', ' ')
}

/** A preview on one line, with an ellipsis where the text goes on. */
function preview({ preview: text, bytes }: ContentRef): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line === '') return countOf(bytes, 'byte')
  return Buffer.byteLength(text) < bytes && !line.endsWith('…') ? `${line} …` : line
}

/** `task A`, but `task-1` without the word before it. */
function taskText(taskId: string): string {
  return /^task\b/i.test(taskId) ? taskId : `task ${taskId}`
}

function tasksText(taskIds: readonly string[]): string {
  const [only = '', ...others] = taskIds
  return others.length === 0 ? taskText(only) : `${countText(taskIds.length)} tasks ${namesText(taskIds, 5)}`
}

function waitText({ kind, ids = [], detail: more }: Wait): string {
  const whom = kind === 'task' && ids.length > 0 ? tasksText(ids) : `${kind} ${namesText(ids)}`.trim()
  return [whom, more].filter(Boolean).join(', ')
}

function readingText(window: { usedTokens: number; totalTokens: number; estimated: boolean }): string {
  const percent = percentText((window.usedTokens * 100) / window.totalTokens)
  return `${countText(window.usedTokens)} of ${countText(window.totalTokens)} (${percent}${window.estimated ? ', estimated' : ''})`
}

function isZero(counted: Counted): boolean {
  return Object.values(counted).every((count) => count === 0)
}

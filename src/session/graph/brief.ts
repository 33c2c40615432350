/** What a work session begins with: its task, and what the tasks it builds on have brought. */
import type { Command } from '../../events/commands.ts'
import { isKnown } from '../../events/envelope.ts'
import { type ReadonlyState, taskOf } from '../../fold/state.ts'
import { limits } from '../../kernel/limits.ts'
import type { EventLog } from '../../log/port.ts'
import { loadState } from '../../replay/load.ts'
import type { TaskView } from '../../views/task-list.ts'
import { isUnreadable } from '../brief-surroundings.ts'
import { surroundingCommands } from '../load-history.ts'

/** Under this tag the brief lies in the context of a work session. */
export const briefTag = '@TASK-BRIEF'

/** Newest decisions that are told of each task that is built on. */
const decisionsMax = 10

/** What tasks of a session were completed with, read from its log once and on from there. */
export class TaskResults {
  readonly #results = new Map<string, string>()
  #version = 0

  /** Reads what was appended up to `version`. */
  async readTo(log: EventLog, { sessionId, version }: ReadonlyState): Promise<void> {
    for await (const page of log.read(sessionId, { after: this.#version, to: version })) {
      for (const event of page.filter(isKnown)) {
        if (event.type === 'task.completed') this.#results.set(event.data.taskId, event.data.result ?? '')
        this.#version = event.version
      }
    }
  }

  of(taskId: string): string | null {
    return this.#results.get(taskId) || null
  }
}

/** The brief of a task in words: what it is, and what each task it depends on has brought. */
export async function workBrief(
  log: EventLog,
  state: ReadonlyState,
  task: TaskView,
  results: TaskResults,
): Promise<string> {
  await results.readTo(log, state)
  const about = [
    `# ${task.title}`,
    '',
    `Task ${task.id} of ${state.title ?? 'a graph'} (${state.sessionId})${task.specId === null ? '' : `, ${task.specId}`}.`,
    ...(task.description === null ? [] : ['', task.description]),
  ]
  const before = task.dependsOn.flatMap((id) => taskOf(state, id) ?? [])
  const parts: string[] = []
  for (const other of before) parts.push(await broughtBy(log, other, results.of(other.id)))
  const heading = parts.length === 0 ? [] : ['', '## What it builds on']
  return fitted([...about, ...heading].join('\n'), parts)
}

async function broughtBy(log: EventLog, task: TaskView, result: string | null): Promise<string> {
  const { id, title, agent, workSessionId } = task
  const by = agent === null ? '' : `, by ${agent}`
  const where = workSessionId === null ? '' : `, in ${workSessionId}`
  const lines = ['', `### ${id}: ${title}${by}${where}`, '', `Result: ${result ?? 'not said'}`]
  const work = workSessionId === null ? null : await readable(log, workSessionId)
  const decisions = work?.knowledge.decisions.slice(-decisionsMax) ?? []
  if (decisions.length > 0) lines.push('', 'Decided:')
  for (const { text, reason } of decisions) lines.push(`- ${text}${reason === null ? '' : ` (${reason})`}`)
  return lines.join('\n')
}

/** The state of a session, or `null` where it is not there any more or cannot be read. */
export async function readable(log: EventLog, sessionId: string): Promise<ReadonlyState | null> {
  try {
    return (await loadState(log, sessionId)).state
  } catch (error) {
    if (isUnreadable(error)) return null
    throw error
  }
}

/** Each part gets the same room; what does not fit is said to be missing, never dropped without a word. */
function fitted(about: string, parts: readonly string[]): string {
  const room = Math.max(
    0,
    limits.workBriefCharactersMax - Math.min(about.length, limits.workBriefCharactersMax / 2),
  )
  const each = parts.length === 0 ? 0 : Math.floor(room / parts.length)
  const cut = (text: string, max: number): string =>
    text.length <= max ? text : `${text.slice(0, Math.max(0, max - cutMark.length))}${cutMark}`
  const head = cut(about, limits.workBriefCharactersMax / 2)
  return `${[head, ...parts.map((part) => cut(part, each))].join('\n')}\n`
}

const cutMark = '\n… cut here; its session has the rest'

/** The facts of a work session that come from the session of the graph: focus, user and project. */
export function workFacts(state: ReadonlyState, task: TaskView): readonly Command[] {
  const { focus } = state.knowledge
  return [
    {
      type: 'focus.change',
      objectives: [task.title],
      constraints: [...focus.constraints],
      scope: `task ${task.id} of ${state.sessionId}`,
    },
    ...surroundingCommands(state.knowledge),
  ]
}

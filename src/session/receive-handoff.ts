/** A package taken in where the session itself is not: a new session begins that takes its work further. */

import type { LoadedSettings } from '../configuration/load.ts'
import type { Command } from '../events/commands.ts'
import { parseSending, type Sending } from '../events/content.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { CriticalContext } from '../handoff/critical-context.ts'
import { type HandoffPackage, packageText } from '../handoff/package.ts'
import { readHandoff } from '../handoff/validate.ts'
import { derivedIdOf } from '../kernel/clock.ts'
import { CommandRefused, WaymarkError } from '../kernel/errors.ts'
import type { LogTransaction } from '../log/port.ts'
import { takeKeyframeIfDue } from '../replay/snapshot/keyframe.ts'
import { startCommand } from './begin-options.ts'
import type { SessionHost } from './host.ts'
import { record } from './record.ts'

export interface ReceiveOptions {
  /** The agent that takes it; the one it was handed to if left out. It cannot be another one. */
  readonly agent?: string
  /** Size of the new agent's window; that of the package if left out. */
  readonly windowTokens?: number
}

export interface ReceivedHandoff {
  readonly state: ReadonlyState
  readonly package: HandoffPackage
  /** What of it could not be taken in, and why. */
  readonly leftOut: readonly string[]
}

/**
 * Begins the session, with the focus, tasks and critical context of the package, in one transaction. Its id follows from the
 * handoff: the same package is taken in once.
 */
export async function receiveHandoff(
  host: SessionHost,
  loaded: LoadedSettings | null,
  input: string | Uint8Array | object,
  options: ReceiveOptions,
): Promise<ReceivedHandoff> {
  const { environment, settings, log } = host
  const { package: handoff, context } = readHandoff(input, { agents: settings.agents })
  const agent = options.agent ?? handoff.to_agent
  checkReceiver(handoff, agent, environment.clock.now())
  const { session_id: from, model } = handoff.session_context
  const sessionId = `sess_${derivedIdOf(`handoff/${handoff.handoff_id}`)}`
  if ((await log.stream(from)) !== null) {
    throw alreadyHere(`session ${from} is in this home`, `waymark handoff accept ${from} --agent ${agent}`)
  }
  if ((await log.stream(sessionId)) !== null) {
    throw alreadyHere(`this package was received before, as ${sessionId}`, `waymark brief ${sessionId}`)
  }
  const { title } = handoff.waymark
  const windowTokens = options.windowTokens ?? handoff.waymark.window.total_tokens
  const start = startCommand(
    {
      agent,
      windowTokens,
      continuesSessionId: from,
      continuesVersion: handoff.waymark.session_version,
      ...(model === null ? {} : { model }),
      ...(title === null ? {} : { title }),
    },
    settings,
    loaded,
  )
  const { state, leftOut } = await log.transact((transaction) => {
    const request = {
      sessionId,
      command: start,
      expectedVersion: 'no-stream',
      meta: { actor: agent },
    } as const
    const begun = record(transaction, null, request, environment).state
    const taken = takeIn(transaction, host, begun, agent, commandsOf(handoff, context))
    host.writers?.take(transaction, taken.state)
    takeKeyframeIfDue(transaction, taken.state)
    return taken
  })
  host.writers?.committed(state)
  host.appended(sessionId)
  return { state, package: handoff, leftOut }
}

function checkReceiver({ to_agent: toAgent, waymark }: HandoffPackage, agent: string, now: string): void {
  const { expires_at: expiresAt } = waymark
  const reason =
    agent !== toAgent
      ? `it was handed to ${toAgent}, not to ${agent}`
      : expiresAt !== null && expiresAt <= now
        ? `the offer expired at ${expiresAt}`
        : null
  if (reason === null) return
  throw new WaymarkError('HANDOFF_INVALID', {
    message: `the package cannot be received: ${reason}`,
    hint: 'ask for a new one',
    details: { toAgent, agent, expiresAt },
  })
}

function alreadyHere(message: string, hint: string): WaymarkError {
  return new WaymarkError('ALREADY_EXISTS', { message, hint })
}

/** Records command after command; one that is refused concerns nothing but itself. */
function takeIn(
  transaction: LogTransaction,
  { environment }: SessionHost,
  begun: ReadonlyState,
  actor: string,
  commands: readonly Sending[],
): { readonly state: ReadonlyState; readonly leftOut: readonly string[] } {
  const leftOut: string[] = []
  let state = begun
  for (const sending of commands) {
    try {
      const request = { sessionId: state.sessionId, ...parseSending(sending), meta: { actor } }
      state = record(transaction, state, request, environment).state
    } catch (error) {
      const isInvalid = error instanceof WaymarkError && error.code === 'COMMAND_INVALID'
      if (!isInvalid && !(error instanceof CommandRefused)) throw error
      leftOut.push(error.message)
    }
  }
  return { state, leftOut }
}

function commandsOf(handoff: HandoffPackage, context: CriticalContext): readonly Sending[] {
  const { session_context: about, task_context: work } = handoff
  const { spec_id: specId } = work
  const { user_language: language, expertise_level: expertise, current_project: name } = about
  return [
    {
      type: 'observation.record',
      kind: 'handoff-received',
      detail: handoff.handoff_id,
      content: packageText(handoff),
    },
    { type: 'focus.change', constraints: work.constraints, nextStep: work.next_step },
    {
      type: 'user.describe',
      ...(language === null ? {} : { language }),
      ...(expertise === null ? {} : { expertise }),
    },
    ...(name === null ? [] : [{ type: 'project.describe', name } as const]),
    ...(specId === null
      ? []
      : [
          {
            type: 'spec.update',
            specId,
            ...(work.current_phase === null ? {} : { phase: work.current_phase }),
            nextStep: work.next_step,
          } as const,
          ...work.completed_steps
            .filter((step) => step !== '')
            .map((completedStep) => ({ type: 'spec.update', specId, completedStep }) as const),
        ]),
    ...taskCommands(handoff.context_snapshot.active_todos),
    ...context.items.map(({ tag, category, title, text, tokens }) => ({
      type: 'context.add' as const,
      tag,
      tier: 'critical' as const,
      category,
      tokens,
      ...(title === null ? {} : { title }),
      ...(text === null ? {} : { content: text }),
    })),
    {
      type: 'context.add',
      tier: 'critical',
      category: 'conversation.references',
      title: `Brief of ${about.session_id}, version ${handoff.waymark.session_version}`,
      content: context.brief,
    },
  ]
}

type Todo = HandoffPackage['context_snapshot']['active_todos'][number]

/** Tasks as pending ones, parents before children, then what they wait for: what was completed elsewhere is not waited for. */
function taskCommands(todos: readonly Todo[]): readonly Command[] {
  const listed = new Set(todos.map(({ task_id: id }) => id))
  const inOrder = parentsFirst(todos, listed)
  return [
    ...inOrder.map(
      ({ task_id: taskId, content: title, parent_task_id: parent, spec_id: specId }): Command => ({
        type: 'task.add',
        taskId,
        title,
        ...(parent !== null && listed.has(parent) ? { parentTaskId: parent } : {}),
        ...(specId === null ? {} : { specId }),
      }),
    ),
    ...inOrder.flatMap(({ task_id: taskId, depends_on: all }): readonly Command[] => {
      const dependsOn = all.filter((id) => listed.has(id))
      return dependsOn.length === 0 ? [] : [{ type: 'task.describe', taskId, dependsOn }]
    }),
  ]
}

function parentsFirst(todos: readonly Todo[], listed: ReadonlySet<string>): readonly Todo[] {
  const placed = new Set<string>()
  const inOrder: Todo[] = []
  let waiting = todos
  while (waiting.length > 0) {
    const ready = waiting.filter(
      ({ parent_task_id: parent }) => parent === null || !listed.has(parent) || placed.has(parent),
    )
    // Parents that go round in a circle: the rules will refuse what cannot be.
    const next = ready.length === 0 ? waiting : ready
    for (const todo of next) placed.add(todo.task_id)
    inOrder.push(...next)
    waiting = waiting.filter(({ task_id: id }) => !placed.has(id))
  }
  return inOrder
}

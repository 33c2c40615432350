/** What recorded events are to the machines: which of them an event moves, from where, by what, and to where. */
import { type MachineName, machineShape, sessionEventOf, taskEventOf } from '../decide/machine-shape.ts'
import type { RecordedEvent } from '../events/envelope.ts'
import type { ReadonlyState, SessionState } from '../fold/state.ts'

/** A step through a machine, also one that stays where it is. */
export interface Move {
  /** What moves: a task, a handoff, a recovery; `null` for the session itself. */
  readonly subject: string | null
  /** `null` where it begins. */
  readonly from: string | null
  /** The machine's event; the recorded event's type where it was none of the machine's. */
  readonly event: string
  readonly to: string
}

export interface Watch {
  /** Looks at the state, has the event folded into it, looks again. */
  moves(state: SessionState, event: RecordedEvent, fold: () => void): readonly Move[]
  /** What is known only once no more events come. */
  end(): readonly Move[]
  /** The states in which things stand. */
  standing(state: ReadonlyState): readonly string[]
}

const watches: Readonly<Record<MachineName, (taskId: string | undefined) => Watch>> = {
  task: watchTasks,
  budget: watchBudget,
  session: watchSession,
  handoff: () =>
    watchListed('handoff', (state, type) =>
      /^(session|handoff)\./.test(type)
        ? new Map(state.handoffs.map(({ id, status }) => [id, status]))
        : nothing,
    ),
  recovery: () =>
    watchListed('recovery', ({ recovery }, type) =>
      recovery !== null && /^(session|recovery)\./.test(type)
        ? new Map([[recovery.id, recovery.status]])
        : nothing,
    ),
}

/** A watch over a machine, of tasks over one or all. It is used for one session, from its first event. */
export function watchOf(machine: MachineName, taskId: string | undefined): Watch {
  return watches[machine](taskId)
}

function watchTasks(taskId: string | undefined): Watch {
  const statusOf = (state: ReadonlyState, id: string): string | undefined =>
    Object.hasOwn(state.tasks, id) ? state.tasks[id]?.status : undefined
  return {
    moves(state, event, fold) {
      const ids = tasksOf(event).filter((id) => taskId === undefined || id === taskId)
      const before = ids.map((id) => statusOf(state, id) ?? null)
      fold()
      const told = taskEventOf(event.type)
      return ids.flatMap((subject, index): readonly Move[] => {
        const from = before[index] ?? null
        const to = statusOf(state, subject)
        if (to === undefined || (told === null && from === to)) return []
        return [{ subject, from, event: told ?? event.type, to }]
      })
    },
    end: () => [],
    standing: (state) =>
      Object.values(state.tasks)
        .filter(({ id }) => taskId === undefined || id === taskId)
        .map(({ status }) => status),
  }
}

/** The tasks whose status an event may change. */
function tasksOf(event: RecordedEvent): readonly string[] {
  if (event.type === 'session.rewound') return Object.keys(event.data.restored.tasks)
  if (!event.type.startsWith('task.')) return []
  const { data } = event
  if ('taskIds' in data) return data.taskIds ?? []
  return 'taskId' in data && data.taskId !== undefined ? [data.taskId] : []
}

const reading = 'budget.measure'

/** A reading is followed by a change of phase in its own batch, or the phase stays. */
function watchBudget(): Watch {
  let unanswered: Move | null = null
  const answered = (move: Move | null): readonly Move[] => (move === null ? [] : [move])
  return {
    moves(state, event, fold) {
      const { phase } = state.window
      fold()
      if (event.type === 'session.started')
        return [{ subject: null, from: null, event: reading, to: state.window.phase }]
      if (event.type === 'budget.phase-changed') {
        unanswered = null
        return [{ subject: null, from: phase, event: reading, to: event.data.to }]
      }
      const stays = event.index === 0 ? unanswered : null
      if (event.index === 0) unanswered = null
      if (isReading(event)) unanswered = { subject: null, from: phase, event: reading, to: phase }
      return answered(stays)
    },
    end: () => answered(unanswered),
    standing: (state) => (state.startedAt === null ? [] : [state.window.phase]),
  }
}

function isReading({ data }: RecordedEvent): boolean {
  return 'window' in data && typeof data.window === 'object' && data.window !== null
}

/** Each command is one question; what follows in its batch only tells what came of it. */
function watchSession(): Watch {
  return {
    moves(state, event, fold) {
      const { status } = state
      fold()
      const told = event.index === 0 ? sessionEventOf(event.type) : null
      if (told === null && status === state.status) return []
      const from = event.type === 'session.started' ? null : status
      return [{ subject: null, from, event: told ?? event.type, to: state.status }]
    },
    end: () => [],
    standing: (state) => (state.startedAt === null ? [] : [state.status]),
  }
}

type Standing = ReadonlyMap<string, string>
const nothing: Standing = new Map()

/** Of machines in which two states are joined by one event at most, so that its ends tell it. */
function watchListed(
  machine: 'handoff' | 'recovery',
  standingAt: (state: ReadonlyState, eventType: string) => Standing,
): Watch {
  const { transitions } = machineShape(machine)
  return {
    moves(state, { type }, fold) {
      const before = standingAt(state, type)
      fold()
      return [...standingAt(state, type)].flatMap(([subject, to]): readonly Move[] => {
        const from = before.get(subject) ?? null
        const told = transitions.find((one) => one.from === from && one.to === to)
        return from === to ? [] : [{ subject, from, event: told?.event ?? type, to }]
      })
    },
    end: () => [],
    standing: (state) => [...standingAt(state, `session.${machine}`).values()],
  }
}

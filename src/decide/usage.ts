/** Decisions about tokens: calls counted once, readings of the window, compactions, another model. */
import type { Command } from '../events/commands.ts'
import type { Counted, Counters } from '../events/shapes.ts'
import { forecastOf } from '../fold/growth.ts'
import { accept, type Decider, type DecisionContext, fieldsOf, refuse } from './decision.ts'
import { checkpointNeeded } from './obligation.ts'
import { switched } from './task.ts'
import { consequences, firstWindow, gaugeOf } from './window.ts'

const counterKinds = ['inputTokens', 'outputTokens', 'cacheReadTokens', 'cacheCreationTokens'] as const

export const decideUsage: Decider<'usage.record'> = (state, command, context) => {
  const fields = fieldsOf(command)
  const { counted, elsewhere } = attribution(command, context)
  const first = counted.calls === 1 || elsewhere !== undefined
  if (!first && counterKinds.every((kind) => counted[kind] === 0)) return accept()
  const base = { ...fields, counted, ...(elsewhere === undefined ? {} : { elsewhere }) }
  if (command.chain === 'side' || command.inherited === true || !first) {
    return accept({ type: 'usage.recorded', data: { ...base, window: null } })
  }
  const usedTokens =
    command.contextTokens ?? command.inputTokens + command.cacheReadTokens + command.cacheCreationTokens
  const window = gaugeOf(state, usedTokens, command.windowTokens, false)
  return accept(
    { type: 'usage.recorded', data: { ...base, window } },
    ...consequences(state, window, context),
  )
}

interface Attribution {
  readonly counted: Counted
  readonly elsewhere: Counted | undefined
}

/** Which part of a report is this session's own, and which another one counts. Each token is counted once. */
function attribution(command: Command<'usage.record'>, context: DecisionContext): Attribution {
  const here = context.countedCall(command.callId, 'session')
  if (command.inherited === true) {
    const seen = here !== null
    return {
      counted: rise(command, command, 0),
      elsewhere: seen ? undefined : { calls: 1, ...countersOf(command) },
    }
  }
  if (here !== null) {
    const home = command.countedOnceIn === 'home' ? context.countedCall(command.callId, 'home') : null
    return { counted: rise(command, home ?? here, 0), elsewhere: undefined }
  }
  const other = command.countedOnceIn === 'home' ? context.countedCall(command.callId, 'home') : null
  if (other === null) return { counted: { calls: 1, ...countersOf(command) }, elsewhere: undefined }
  const counted = rise(command, other, 0)
  return { counted, elsewhere: { calls: 1, ...minus(command, counted) } }
}

function countersOf(counters: Counters): Counters {
  const { inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens } = counters
  return { inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens }
}

/** By how much a report exceeds what was counted before; a lower figure takes nothing away. */
function rise(report: Counters, before: Counters, calls: number): Counted {
  return {
    calls,
    inputTokens: Math.max(0, report.inputTokens - before.inputTokens),
    outputTokens: Math.max(0, report.outputTokens - before.outputTokens),
    cacheReadTokens: Math.max(0, report.cacheReadTokens - before.cacheReadTokens),
    cacheCreationTokens: Math.max(0, report.cacheCreationTokens - before.cacheCreationTokens),
  }
}

function minus(report: Counters, part: Counters): Counters {
  return {
    inputTokens: report.inputTokens - part.inputTokens,
    outputTokens: report.outputTokens - part.outputTokens,
    cacheReadTokens: report.cacheReadTokens - part.cacheReadTokens,
    cacheCreationTokens: report.cacheCreationTokens - part.cacheCreationTokens,
  }
}

export const decideMeasure: Decider<'context.measure'> = (state, command, context) => {
  const window = gaugeOf(state, command.contextTokens, command.windowTokens, command.estimated === true)
  return accept(
    { type: 'context.measured', data: { ...fieldsOf(command), window } },
    ...consequences(state, window, context),
  )
}

export const decideCompaction: Decider<'context.compact'> = (state, command, context) => {
  const fields = fieldsOf(command)
  const afterwards =
    command.postTokens ??
    (command.savedTokens === undefined
      ? undefined
      : Math.max(0, state.window.usedTokens - command.savedTokens))
  if (afterwards === undefined)
    return accept({ type: 'context.compacted', data: { ...fields, window: null } })
  const window = gaugeOf(state, afterwards, undefined, true)
  return accept(
    { type: 'context.compacted', data: { ...fields, window } },
    ...consequences(state, window, context),
  )
}

export const decideForecast: Decider<'budget.forecast'> = (state, command) =>
  accept({ type: 'budget.forecasted', data: { ...fieldsOf(command), forecast: forecastOf(state) } })

export const decideModelSwitch: Decider<'model.switch'> = (state, command, context) => {
  if (state.model === command.model && command.windowTokens === undefined) {
    return refuse(state, command.type, `its model is ${command.model} already`)
  }
  const tasksLeave = switched(state, 'model')
  if (command.observed !== true && tasksLeave.length > 0) {
    const needed = checkpointNeeded(state, command.type, context.now)
    if (needed !== null) return needed
  }
  const keep = state.window.totalSource === 'configured' && command.windowTokens === undefined
  const size = keep
    ? { totalTokens: state.window.totalTokens, source: state.window.totalSource }
    : firstWindow(command.windowTokens, command.model)
  const window = { ...size, usedTokens: state.window.usedTokens, estimated: state.window.estimated }
  const data = { ...fieldsOf(command), from: state.model, window }
  return accept(
    { type: 'model.switched', data },
    ...tasksLeave,
    ...consequences(state, window, context, { runningTasks: false }),
  )
}

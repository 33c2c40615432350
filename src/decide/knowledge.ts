/** Decisions about focus, decisions, project, user and system. What says nothing new is accepted and adds no event. */
import { accept, type Decider, fieldsOf } from './decision.ts'

export const decideFocus: Decider<'focus.change'> = (state, command) => {
  const fields = fieldsOf(command)
  const { variables, ...rest } = fields
  const { focus } = state.knowledge
  return differs(rest, focus) || differs(variables, focus.variables)
    ? accept({ type: 'focus.changed', data: fields })
    : accept()
}

export const decideDecision: Decider<'decision.record'> = (_state, command) =>
  accept({ type: 'decision.recorded', data: fieldsOf(command) })

export const decideProject: Decider<'project.describe'> = (state, command) =>
  differs(fieldsOf(command), state.knowledge.project)
    ? accept({ type: 'project.described', data: fieldsOf(command) })
    : accept()

export const decideSpec: Decider<'spec.update'> = (state, command) => {
  const { specId, completedStep, ...facts } = fieldsOf(command)
  const { specs } = state.knowledge
  const spec = Object.hasOwn(specs, specId) ? specs[specId] : undefined
  const isKnown =
    spec !== undefined &&
    !differs(facts, spec) &&
    (completedStep === undefined || spec.completedSteps.includes(completedStep))
  return isKnown ? accept() : accept({ type: 'spec.updated', data: fieldsOf(command) })
}

export const decideMilestone: Decider<'milestone.update'> = (state, command) => {
  const { milestoneId, ...facts } = fieldsOf(command)
  const { milestones } = state.knowledge
  const milestone = Object.hasOwn(milestones, milestoneId) ? milestones[milestoneId] : undefined
  return milestone !== undefined && !differs(facts, milestone)
    ? accept()
    : accept({ type: 'milestone.updated', data: fieldsOf(command) })
}

export const decideUser: Decider<'user.describe'> = (state, command) => {
  const { preferences, ...facts } = fieldsOf(command)
  const { user } = state.knowledge
  return differs(facts, user) || differs(preferences, user.preferences)
    ? accept({ type: 'user.described', data: fieldsOf(command) })
    : accept()
}

export const decideSystem: Decider<'system.describe'> = (state, command) => {
  const { tools, permissions, environment } = fieldsOf(command)
  const { knowledge } = state
  const isNew =
    differs({ tools }, knowledge) ||
    differs(permissions, knowledge.permissions) ||
    differs(environment, knowledge.environment)
  return isNew ? accept({ type: 'system.described', data: fieldsOf(command) }) : accept()
}

export const decideServer: Decider<'server.describe'> = (state, command) => {
  const { server: name, ...facts } = fieldsOf(command)
  const { servers } = state.knowledge
  const server = Object.hasOwn(servers, name) ? servers[name] : undefined
  return server !== undefined && !differs(facts, server)
    ? accept()
    : accept({ type: 'server.described', data: fieldsOf(command) })
}

/** Whether a field that was given is another than the known one; `null` takes a named value away, so it equals one that is not there. */
function differs(given: object | undefined, known: object): boolean {
  return Object.entries(given ?? {}).some(([name, value]) => {
    const before: unknown = Object.hasOwn(known, name) ? Reflect.get(known, name) : null
    return value !== undefined && JSON.stringify(value) !== JSON.stringify(before)
  })
}

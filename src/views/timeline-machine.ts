/** The lines of machines that run in a stream. */
import type { EventData } from '../events/catalogue.ts'
import { valueText } from '../fold/machine-state.ts'
import { countOf } from './text.ts'
import { detail, type Lines, notable, said } from './timeline-line.ts'

export const machineLines = {
  'machine.started': notable(
    ({ machineId, machineVersion, title, snapshot }) =>
      `machine ${machineId}${versionText(machineVersion)} started in ${valueText(snapshot.value)}${said(title)}`,
    'strong',
  ),
  'machine.transitioned': notable(({ event, to = [], value, ...more }) => {
    const child = to.length === 0 ? '' : ` to ${to.join('.')}`
    return `${event.type}${child}: ${valueText(value)}${askedText(more)}`
  }),
  'machine.event-ignored': notable(({ event }) => `${event.type}: nothing to do with it here`, 'warning'),
  'machine.effect-settled': notable(
    ({ effectId, outcome, error, value, ...more }) =>
      `effect ${effectId} ${outcome === 'done' ? 'done' : `failed${said(error?.message)}`}: ${valueText(value)}${askedText(more)}`,
    ({ outcome }) => (outcome === 'done' ? 'plain' : 'warning'),
  ),
  'machine.timer-fired': notable(
    ({ timerId, value, ...more }) => `timer ${timerId} fired: ${valueText(value)}${askedText(more)}`,
  ),
  'machine.timers-resumed': detail(
    ({ policy, timers }) => `${countOf(timers.length, 'timer')} taken up again: ${policyText[policy]}`,
  ),
  'machine.migrated': notable(
    ({ machineId, fromVersion, machineVersion, snapshot }) =>
      `machine ${machineId} taken from version ${fromVersion ?? 'none'} to ${machineVersion ?? 'none'}${snapshot === undefined ? '' : `, in ${valueText(snapshot.value)}`}`,
    'notice',
  ),
  'machine.action-failed': notable(
    ({ action, error }) => `action ${action} failed${said(error.message)}`,
    'bad',
  ),
} satisfies Partial<Lines>

const policyText: Readonly<Record<EventData<'machine.timers-resumed'>['policy'], string>> = {
  elapsed: 'the time in between counts',
  remaining: 'they go on with what was left',
  restart: 'each begins anew',
}

type Asked = Pick<
  EventData<'machine.transitioned'>,
  'timers' | 'cancelledTimers' | 'effects' | 'stoppedEffects' | 'actions'
>

/** ` (1 effect begun, 2 timers set)`; empty for a step that asks for nothing. */
function askedText({ timers, cancelledTimers, effects, stoppedEffects, actions }: Asked): string {
  const parts = [
    counted(effects, 'effect', 'begun'),
    counted(stoppedEffects, 'effect', 'stopped'),
    counted(timers, 'timer', 'set'),
    counted(cancelledTimers, 'timer', 'cancelled'),
    counted(actions, 'action', 'run'),
  ].filter((part) => part !== null)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

function counted(list: readonly unknown[] | undefined, noun: string, what: string): string | null {
  return list === undefined || list.length === 0 ? null : `${countOf(list.length, noun)} ${what}`
}

function versionText(version: string | null): string {
  return version === null ? '' : ` ${version}`
}

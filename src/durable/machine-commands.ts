/** What is sent to a machine's stream on behalf of callers, actions and effects; and the machine of its state. */
import type { AnyEventObject } from 'xstate'
import { plainOf } from '../decide/durable/json.ts'
import type { Command } from '../events/commands.ts'
import type { MachinePath } from '../events/machine.ts'
import type { ReadonlyState, RecordedMachine } from '../fold/state.ts'
import { assert } from '../kernel/assert.ts'
import { WaymarkError } from '../kernel/errors.ts'

function plainEvent(event: unknown) {
  if (typeof event !== 'object' || event === null || typeof Reflect.get(event, 'type') !== 'string') {
    throw new WaymarkError('MACHINE_INVALID', {
      message: `${event === null ? 'null' : `a ${typeof event}`} is no event`,
      hint: "an event is an object with a type: { type: 'PAY', amount: 30 }",
    })
  }
  return plainOf(event, `event ${String(Reflect.get(event, 'type'))}`)
}

/**
 * The command that a caller sends. Events that XState makes itself (`xstate.…`) come from timers, effects and children, and from nobody else.
 *
 * @throws WaymarkError `MACHINE_INVALID`
 */
export function callersCommand(event: AnyEventObject, to: MachinePath = []): Command<'machine.send'> {
  const command = sendCommand(event, to)
  if (!command.event.type.startsWith('xstate.')) return command
  throw new WaymarkError('MACHINE_INVALID', {
    message: `${command.event.type} is an event of XState's own, which nobody sends`,
    hint: 'give the event another type',
  })
}

/** The command that sends an event to a machine, or to a child of it. @throws WaymarkError `MACHINE_INVALID` for what is no JSON */
export function sendCommand(event: AnyEventObject, to: MachinePath = []): Command<'machine.send'> {
  const plain = plainEvent(event)
  // It is the event again, as JSON.
  return { type: 'machine.send', event: plain as AnyEventObject, ...(to.length === 0 ? {} : { to: [...to] }) }
}

export function machineOf(state: ReadonlyState): RecordedMachine {
  const { machine } = state
  assert(machine !== undefined, 'the stream of a machine has its machine')
  return machine
}

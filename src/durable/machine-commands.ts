/** What is sent to a machine's stream on behalf of callers, actions and effects; and the machine of its state. */
import type { AnyEventObject } from 'xstate'
import { plainOf } from '../decide/durable/json.ts'
import type { Command } from '../events/commands.ts'
import type { MachinePath } from '../events/machine.ts'
import type { ReadonlyState, RecordedMachine } from '../fold/state.ts'
import { assert } from '../kernel/assert.ts'

/** The command that sends an event to a machine, or to a child of it. @throws WaymarkError `MACHINE_INVALID` for what is no JSON */
export function sendCommand(event: AnyEventObject, to: MachinePath = []): Command<'machine.send'> {
  const plain = plainOf(event, `event ${String(event.type)}`)
  // It is the event again, as JSON.
  return { type: 'machine.send', event: plain as AnyEventObject, ...(to.length === 0 ? {} : { to: [...to] }) }
}

export function machineOf(state: ReadonlyState): RecordedMachine {
  const { machine } = state
  assert(machine !== undefined, 'the stream of a machine has its machine')
  return machine
}

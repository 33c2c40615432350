/**
 * A command as it was probably sent. The record has it with what its decision filled in; where that is what a decision would fill in anyway,
 * it is left out, so that another history fills in its own.
 */
import type { Command } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'

/** The command without what follows from the state that it was decided in. */
export function asSent(command: Command, { checkpoints, holder }: ReadonlyState): Command {
  if (command.type === 'task.recover') {
    const newest = checkpoints[checkpoints.length - 1]?.id ?? 'origin'
    if (command.checkpointId !== newest) return command
    const { checkpointId: _newest, ...sent } = command
    return sent
  }
  if (command.type === 'session.hand-off' && holder !== null && command.fromAgent === holder) {
    const { fromAgent: _holder, ...sent } = command
    return sent
  }
  return command
}

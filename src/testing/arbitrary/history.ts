/** Whole histories of a session as they come: most commands legal, many refused. */
import fc from 'fast-check'
import type { Command } from '../../events/commands.ts'
import { assertWhole } from '../usage.ts'
import { commandArbitrary } from './commands.ts'
import { taskId } from './pools.ts'

/** Short stories that random commands rarely tell: a context lost and restored, a failure recovered, a handoff. */
function storyArbitrary(): fc.Arbitrary<readonly Command[]> {
  return fc.oneof(
    taskId.map((id): readonly Command[] => [
      { type: 'task.start', taskId: id },
      { type: 'task.switch-context', taskIds: [id], cause: 'other' },
      { type: 'task.restore-context', taskIds: [id] },
    ]),
    taskId.map((id): readonly Command[] => [
      { type: 'task.add', taskId: id, title: 'one' },
      { type: 'task.start', taskId: id },
      { type: 'task.fail', taskId: id, reason: 'timeout', retryable: true },
      { type: 'task.recover', taskId: id },
      { type: 'task.start', taskId: id },
    ]),
    fc.constantFrom('tester', 'writer').map((agent): readonly Command[] => [
      { type: 'session.hand-off', toAgent: agent },
      { type: 'session.take-over', agent },
    ]),
    fc.constant<readonly Command[]>([{ type: 'session.suspend' }, { type: 'session.resume' }]),
  )
}

/** A session's commands from its start; many will be refused, as in life. */
export function historyArbitrary(lengthMax = 60): fc.Arbitrary<readonly Command[]> {
  assertWhole('lengthMax', lengthMax, 1)
  const start: Command = { type: 'session.start', model: 'claude-sonnet-4-5', windowTokens: 200_000 }
  const added: Command = { type: 'task.add', taskId: 'A', title: 'one' }
  const piece = fc.oneof(
    { weight: 6, arbitrary: commandArbitrary().map((command): readonly Command[] => [command]) },
    { weight: 1, arbitrary: storyArbitrary() },
  )
  return fc
    .array(piece, { minLength: 1, maxLength: lengthMax })
    .map((pieces) => [start, added, ...pieces.flat().slice(0, lengthMax)])
}

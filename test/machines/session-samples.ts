/** The names of the session machine's commands, written out by hand. */
import type { SessionCommandName } from '../../machines/index.ts'

export const sessionCommandNames: readonly SessionCommandName[] = [
  'session.start',
  'session.describe',
  'session.configure',
  'session.suspend',
  'session.resume',
  'session.hand-off',
  'session.take-over',
  'handoff.return',
  'session.end',
  'session.fork',
  'session.recover',
  'model.switch',
  'checkpoint.create',
  'work',
  'record',
]

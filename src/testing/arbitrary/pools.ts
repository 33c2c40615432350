/** Small pools of ids and values, so that commands meet: tasks are started twice, calls reported again, results come before their calls. */
import fc from 'fast-check'

export const taskId = fc.oneof(
  { weight: 3, arbitrary: fc.constant('A') },
  { weight: 2, arbitrary: fc.constantFrom('B', 'SPEC-001', 'constructor') },
)
export const model = fc.constantFrom('claude-sonnet-4-5', 'claude-haiku-4-5', 'claude-opus-4-5')
export const reason = fc.constantFrom('timeout', 'tests failed', 'no network')
export const content = fc.constant({ hash: 'a'.repeat(64), bytes: 12, preview: 'a short text' })
export const tag = fc.constantFrom('@CONFIG-001', '@TOOLS-001', '@PROJECT-001', '@constructor')

/** The lines of handoffs, recoveries, merges, rewinds and redactions. */

import { countOf, countText } from './text.ts'
import { detail, type Lines, notable, said, with_ } from './timeline-line.ts'

export const branchLines = {
  'handoff.rejected': notable(
    ({ agent, reason }) => `handoff rejected by ${agent}${said(reason)}`,
    'warning',
  ),
  'handoff.expired': notable(() => 'handoff expired: nobody took it over in time', 'warning'),
  'handoff.completed': notable(({ result }) => `handoff done${said(result)}`, 'good'),
  'recovery.began': notable(
    ({ checkpointId, taskPolicy }) =>
      `recovery began${with_('from checkpoint', checkpointId)}, tasks in progress: ${taskPolicy}`,
    'notice',
  ),
  'recovery.step-recorded': detail(
    ({ step, outcome, detail: more }) => `recovery: ${step} ${outcome}${said(more)}`,
  ),
  'recovery.failed': notable(({ reason }) => `recovery failed: ${reason}`, 'bad'),
  'session.merged': notable(
    ({ sourceSessionId, sourceVersion, broughtCount, conflictCount }) =>
      `merged ${sourceSessionId} at version ${sourceVersion}: ${countOf(broughtCount, 'change')}, ${countOf(conflictCount, 'conflict')}`,
    'strong',
  ),
  'session.rewound': notable(
    ({ toVersion, reason }) => `went back to how it was at version ${toVersion}${said(reason)}`,
    'strong',
  ),
  'session.redacted': notable(
    ({ events, contents, reason }) =>
      `data taken out of ${countOf(events.length, 'event')} and ${countText(contents.length)} stored ${contents.length === 1 ? 'text' : 'texts'}${said(reason)}`,
    'warning',
  ),
} satisfies Partial<Lines>

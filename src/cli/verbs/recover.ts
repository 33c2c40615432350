import { z } from 'zod'
import type { RecoveryReport } from '../../session/recover.ts'
import { type OpenItem, openItemText } from '../../views/open-items.ts'
import { countOf, type Fact } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import type { Output } from '../output.ts'
import { sessionArgument, verb } from '../verb.ts'

export const recover = verb(z.strictObject({ session: sessionArgument }), async ({ session }, context) => {
  const { output } = context
  const report = await withWaymark(context, 'write', (waymark) => waymark.recover(session))
  const { state: _state, ...facts } = report
  if (output.json) await output.document(facts)
  else await print(report, output)
  return metDamage(report) ? exitCodes.problem : exitCodes.fine
})

/** A snapshot of an older version of the fold is no damage: it is only of no use any more. */
function metDamage({ damage, passedOver }: RecoveryReport): boolean {
  return damage !== null || passedOver.some(({ kind }) => kind !== 'other-fold-version')
}

async function print(report: RecoveryReport, output: Output): Promise<void> {
  const { sessionId, version, damage, recorded, open } = report
  const facts: Fact[] = [
    { label: 'session', value: sessionId },
    { label: 'came back from', value: fromText(report) },
    { label: 'replayed', value: countOf(report.replayedEvents, 'event') },
    {
      label: 'now at',
      value: `version ${version}${recorded ? ', this recovery recorded' : ''}`,
      tone: 'good',
    },
    ...report.passedOver.map(
      ({ version: at, detail }): Fact => ({
        label: 'passed over',
        value: `snapshot of version ${at}: ${detail}`,
        tone: 'warning',
      }),
    ),
    ...(damage === null
      ? []
      : [{ label: 'damage', value: `version ${damage.version}: ${damage.detail}`, tone: 'bad' } as const]),
    ...open.map((item): Fact => ({ label: 'open', value: openItemText(item), tone: 'warning' })),
    ...(open.length === 0 ? [{ label: 'open', value: 'nothing' }] : []),
  ]
  await output.facts(facts)
  for (const line of nextSteps(report)) output.note(line)
}

function fromText({ from, checkpointId, snapshotVersion }: RecoveryReport): string {
  if (from === 'full-replay') return 'no snapshot: all events were replayed'
  const what = checkpointId === null ? 'a keyframe' : `checkpoint ${checkpointId}`
  return `${what} of version ${snapshotVersion}${from === 'older-snapshot' ? ', as newer ones were not sound' : ''}`
}

function nextSteps({ sessionId, version, damage, recorded, open, state }: RecoveryReport): readonly string[] {
  const short = sessionId.slice(0, 'sess_'.length + 8)
  if (damage !== null) {
    return [
      `next: waymark verify ${short} locates all damage; nothing was written`,
      `next: waymark fork ${short} --at ${version} goes on from what is sound`,
    ]
  }
  if (!recorded) return [`the session is ${state.status.replace('_', ' ')}: nothing was recorded`]
  const task = open.find((item): item is OpenItem & { kind: 'task' } => item.kind === 'task')
  if (task !== undefined) {
    return [
      `next: go on with ${task.id}, or waymark send ${short} '{"type":"task.fail","taskId":"${task.id}","reason":"…","retryable":true}'`,
    ]
  }
  return open.length > 0
    ? ['next: repeat the open calls, or record their results']
    : [`next: waymark log ${short} tells the story`]
}

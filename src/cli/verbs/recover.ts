import { z } from 'zod'
import { taskPolicies } from '../../events/recovery.ts'
import type { RecordedStep, RecoverOptions, RecoveryReport } from '../../session/recover.ts'
import type { AfreshReport } from '../../session/recover-afresh.ts'
import type { Waymark } from '../../session/waymark.ts'
import { type OpenItem, openItemText } from '../../views/open-items.ts'
import { countOf, type Fact } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes, usageError } from '../failure.ts'
import type { Output } from '../output.ts'
import { epochOption, sessionArgument, textOption, under, verb } from '../verb.ts'

const shape = z.strictObject({
  session: sessionArgument,
  from: textOption.optional(),
  new: z.boolean().optional(),
  emergency: z.boolean().optional(),
  tasks: z.enum(taskPolicies, `one of ${taskPolicies.join(', ')}`).optional(),
  epoch: epochOption,
})

export const recover = verb(shape, async (input, context) => {
  const { session, from, new: isNew, emergency, tasks, epoch } = input
  const { output } = context
  const chosen = from === undefined ? {} : { from: /^\d{1,15}$/.test(from) ? Number(from) : from }
  if (isNew === true || emergency === true) {
    if (tasks !== undefined) throw usageError('--tasks is about recovering in place', freshTasks)
    if (epoch !== undefined) throw usageError('--epoch is about recovering in place', freshEpoch)
    const report = await withWaymark(context, 'write', async (waymark) => {
      const fresh = await waymark.recoverAfresh(session, { ...chosen, emergency: emergency === true })
      return fresh.report
    })
    if (output.json) await output.document(report)
    else await printAfresh(report, output)
    return report.damage === null ? exitCodes.fine : exitCodes.problem
  }
  const options = { ...chosen, ...(tasks === undefined ? {} : { tasks }), ...under(epoch) }
  const report = await withWaymark(context, 'write', (waymark) => inPlace(waymark, session, options, output))
  return metDamage(report) ? exitCodes.problem : exitCodes.fine
})

/** Recovers and says so. For people, printing what was found is the notification, so it comes before the closing event. */
async function inPlace(
  waymark: Waymark,
  session: string,
  options: RecoverOptions,
  output: Output,
): Promise<RecoveryReport> {
  if (output.json) {
    const report = await waymark.recover(session, options)
    const { state: _state, ...facts } = report
    await output.document(facts)
    return report
  }
  let isPrinted = false
  const notify = async (found: RecoveryReport): Promise<string> => {
    await printFound(found, output)
    await output.flush()
    isPrinted = true
    return 'printed'
  }
  const report = await waymark.recover(session, { ...options, notify })
  // Nothing is told of one that is not recorded, or that another process has completed.
  if (!isPrinted) await printFound(report, output)
  await printEnd(report, output)
  return report
}

const freshEpoch = 'leave it out: nothing is appended to the old session'
const freshTasks = 'leave it out: a fresh session has begun none of its tasks'

/** A snapshot of an older version of the fold is no damage: it is only of no use any more. */
function metDamage({ damage, passedOver }: RecoveryReport): boolean {
  return damage !== null || passedOver.some(({ kind }) => kind !== 'other-fold-version')
}

async function printFound(report: RecoveryReport, output: Output): Promise<void> {
  const { sessionId, damage, open } = report
  const facts: Fact[] = [
    { label: 'session', value: sessionId },
    { label: 'came back from', value: fromText(report) },
    { label: 'replayed', value: countOf(report.replayedEvents, 'event') },
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
    ...report.steps.flatMap(stepFacts),
    ...open.map((item): Fact => ({ label: 'open', value: openItemText(item), tone: 'warning' })),
    ...(open.length === 0 ? [{ label: 'open', value: 'nothing' }] : []),
    ...planLines(report).map((line): Fact => ({ label: 'plan', value: line })),
  ]
  await output.facts(facts)
}

async function printEnd(report: RecoveryReport, output: Output): Promise<void> {
  const { version, recorded, takenUp } = report
  const remark = recorded ? `, this recovery ${takenUp ? 'taken up and ' : ''}recorded` : ''
  // As wide as the widest label before it.
  await output.facts([{ label: 'now at version', value: `${version}${remark}`, tone: 'good' }])
  for (const line of nextSteps(report)) output.note(line)
}

/** The steps but three: the facts above tell the first, the lines of the plan are its own, and this is the notification. */
function stepFacts({ step, outcome, detail }: RecordedStep): readonly Fact[] {
  if (step === 'restore' || step === 'plan' || step === 'notify') return []
  return [{ label: step, value: outcome === 'skipped' ? `skipped: ${detail}` : detail }]
}

function planLines({ steps }: RecoveryReport): readonly string[] {
  return steps.find(({ step }) => step === 'plan')?.lines ?? []
}

async function printAfresh(report: AfreshReport, output: Output): Promise<void> {
  const { sessionId, continuesSessionId, continuesVersion, checkpointId, damage, open } = report
  const at = checkpointId === null ? '' : `, checkpoint ${checkpointId}`
  await output.facts([
    { label: 'session', value: sessionId, tone: 'good' },
    { label: 'goes on from', value: `version ${continuesVersion} of ${continuesSessionId}${at}` },
    {
      label: 'brought',
      value: `${countOf(report.broughtTasks, 'open task')}, ${countOf(report.broughtItems, 'context item')}`,
    },
    ...(damage === null
      ? []
      : [
          {
            label: 'damage',
            value: `version ${damage.version} of the old one: ${damage.detail}`,
            tone: 'bad',
          } as const,
        ]),
    ...open.map((item): Fact => ({ label: 'open', value: openItemText(item), tone: 'warning' })),
    ...report.plan.map((line): Fact => ({ label: 'plan', value: line })),
  ])
  output.note(`next: waymark brief ${sessionId.slice(0, 'sess_'.length + 8)}; the old session stays as it is`)
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
      `next: waymark recover ${short} --emergency goes on in a fresh session from version ${version}`,
      `next: waymark fork ${short} --at ${version} shares what is sound`,
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

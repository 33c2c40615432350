import { z } from 'zod'
import { systemClock } from '../../kernel/clock.ts'
import { checkMemoryFiles, type DriftKind, type MemoryCheck } from '../../memory/check.ts'
import type { EditedTasks } from '../../memory/draft.ts'
import { sessionsOf } from '../../memory/sessions.ts'
import { type MemoryWritten, writeMemoryFiles } from '../../memory/write.ts'
import { type AdoptionReport, adoptTasks } from '../../session/adopt.ts'
import { archiveOldCheckpoints } from '../../session/archive.ts'
import { sessionsFolderOf } from '../../session/home.ts'
import type { Waymark } from '../../session/waymark.ts'
import { countOf, type Tone } from '../../views/text.ts'
import { type Context, withWaymark } from '../context.ts'
import { type ExitCode, exitCodes, homeText, usageError } from '../failure.ts'
import type { Output } from '../output.ts'
import { sessionArgument, verb } from '../verb.ts'

const shape = z.strictObject({
  session: sessionArgument.optional(),
  check: z.boolean().optional(),
  adopt: z.boolean().optional(),
  dryRun: z.boolean().optional(),
})

export const sync = verb(shape, async ({ session, check, adopt, dryRun = false }, context) => {
  if (check === true && adopt === true)
    throw usageError('--check changes nothing, --adopt does', 'give one of them')
  if (dryRun && adopt !== true)
    throw usageError('--dry-run goes with --adopt', 'waymark sync --adopt --dry-run')
  if (check === true) return checked(session, context)
  return adopt === true ? adopted(session, dryRun, context) : written(session, context)
})

async function checked(session: string | undefined, context: Context): Promise<ExitCode> {
  const { output } = context
  const check = await withWaymark(context, 'read', async (waymark) => {
    const place = { folder: sessionsFolderOf(context.home.path), log: waymark.log }
    return checkMemoryFiles(place, waymark.settings, await resolved(waymark, session))
  })
  if (output.json) await output.document(check)
  else await printCheck(check, context)
  return check.ok ? exitCodes.fine : exitCodes.problem
}

async function written(session: string | undefined, context: Context): Promise<ExitCode> {
  const { output } = context
  const report = await withWaymark(context, 'write', async (waymark) => {
    const sessionId = await resolved(waymark, session)
    return {
      archived: await archived(waymark, sessionId),
      ...(await write(waymark, context, 'keep', sessionId)),
    }
  })
  if (output.json) await output.document(report)
  else await printWritten(report, context)
  return report.failed.length === 0 ? exitCodes.fine : exitCodes.problem
}

async function adopted(session: string | undefined, dryRun: boolean, context: Context): Promise<ExitCode> {
  const { output, home } = context
  const { adoption, report } = await withWaymark(context, dryRun ? 'read' : 'write', async (waymark) => {
    const sessionId = await resolved(waymark, session)
    const adoption = await adoptTasks(waymark.log, waymark.environment, {
      folder: sessionsFolderOf(home.path),
      dryRun,
      ...(sessionId === undefined ? {} : { sessionId }),
    })
    if (dryRun || adoption.sessionId === null) return { adoption, report: null }
    return { adoption, report: await write(waymark, context, listAfter(adoption), adoption.sessionId) }
  })
  if (output.json) await output.document({ ...adoption, written: report })
  else await printAdoption(adoption, report, output)
  const isDone = adoption.problems.length === 0 && (report === null || report.failed.length === 0)
  return isDone ? exitCodes.fine : exitCodes.problem
}

/** What could not be taken in is not lost: the edited list stays, or is kept beside the new one. */
function listAfter({ problems, recorded }: AdoptionReport): EditedTasks {
  if (problems.length === 0) return 'replace'
  return recorded ? 'keep' : 'stay'
}

async function resolved(waymark: Waymark, session: string | undefined): Promise<string | undefined> {
  return session === undefined ? undefined : waymark.resolve(session)
}

async function archived(waymark: Waymark, sessionId: string | undefined): Promise<readonly string[]> {
  const current = sessionId ?? (await sessionsOf(waymark.log)).current
  if (current === null) return []
  const { log, environment } = waymark
  return (await archiveOldCheckpoints(log, environment, current, environment.clock.now())).checkpointIds
}

function write(
  { log, settings }: Waymark,
  { home }: Context,
  editedTasks: EditedTasks,
  sessionId: string | undefined,
): Promise<MemoryWritten> {
  const place = { folder: sessionsFolderOf(home.path), log, clock: systemClock }
  return writeMemoryFiles(place, settings, {
    editedTasks,
    ...(sessionId === undefined ? {} : { sessionId }),
  })
}

const toneOf: Readonly<Record<DriftKind, Tone>> = {
  ok: 'good',
  edited: 'warning',
  stale: 'warning',
  missing: 'bad',
  blocked: 'bad',
  'other-version': 'warning',
}

async function printCheck(
  { ok, sessionId, version, files }: MemoryCheck,
  { output, home }: Context,
): Promise<void> {
  if (sessionId === null) {
    output.note(`no sessions in ${homeText(home)}`)
    return
  }
  await output.table({
    columns: ['', 'file', 'reason'],
    rows: files.map(({ name, kind, reason }) => [{ text: kind, tone: toneOf[kind] }, name, reason]),
  })
  const drifted = files.filter(({ kind }) => kind !== 'ok').length
  const of = `session ${sessionId} at version ${version}`
  if (ok) output.note(`all files are as the log says: ${of}`)
  else {
    const isBlocked = files.some(({ kind }) => kind === 'blocked')
    const next = isBlocked
      ? 'move away what is in the way, then waymark sync'
      : 'waymark sync writes them again'
    output.note(`${countOf(drifted, 'file')} drifted from ${of}\nnext: ${next}`)
  }
}

async function printWritten(
  report: MemoryWritten & { readonly archived: readonly string[] },
  { output, home }: Context,
): Promise<void> {
  const { sessionId, version, written: names, unchanged, failed, archived: ids } = report
  if (sessionId === null) {
    output.note(`no sessions in ${homeText(home)}`)
    return
  }
  await output.table({
    columns: ['', 'file'],
    rows: [
      ...names.map((name) => [{ text: 'written', tone: 'good' } as const, name]),
      ...unchanged.map((name) => [{ text: 'unchanged', tone: 'quiet' } as const, name]),
      ...failed.map(({ name }) => [{ text: 'failed', tone: 'bad' } as const, name]),
    ],
  })
  output.note(`session ${sessionId} at version ${version}, in ${sessionsFolderOf(home.path)}`)
  if (ids.length > 0) output.note(`${countOf(ids.length, 'old checkpoint')} archived`)
  noteWritten(report, output)
}

/** What became of files that were in the way: told after every write. */
function noteWritten({ kept, failed }: MemoryWritten, output: Output): void {
  for (const { name, reason } of failed) output.warn(`${name} could not be written: ${reason}`)
  if (failed.length > 0) output.note('next: move away what is in the way, then waymark sync')
  for (const name of kept) output.note(`the edited list of tasks is kept in ${name}`)
}

async function printAdoption(
  { changes, problems, recorded, sessionId }: AdoptionReport,
  report: MemoryWritten | null,
  output: Output,
): Promise<void> {
  if (changes.length > 0) {
    await output.table({
      columns: ['line', 'task', 'commands'],
      rows: changes.map(({ line, taskId, commands }) => [
        line === 0 ? 'removed' : String(line),
        taskId,
        commands.map((command) => JSON.stringify(command)).join(' '),
      ]),
    })
  }
  for (const { line, text, reason } of problems) {
    output.warn(`${line === null ? 'list' : `line ${line}`}: ${reason}${text === '' ? '' : `: ${text}`}`)
  }
  const count = countOf(
    changes.reduce((sum, { commands }) => sum + commands.length, 0),
    'command',
  )
  if (changes.length === 0) output.note(problems.length === 0 ? 'nothing to take in' : 'nothing was taken in')
  else output.note(recorded ? `${count} recorded in session ${sessionId}` : `${count}; nothing was recorded`)
  if (problems.length > 0 && !recorded) output.note('the edited list stays as it is')
  if (report !== null) noteWritten(report, output)
}

/** Whether the memory files still say what the log says. */
import { join } from 'node:path'
import { systemClock } from '../kernel/clock.ts'
import { checkMemoryFiles, type MemoryFileCheck } from '../memory/check.ts'
import { memoryFileNames } from '../memory/names.ts'
import { writeMemoryFiles } from '../memory/write.ts'
import { sessionsFolderOf, storePathOf } from '../session/home.ts'
import { liveWriters, writersKey } from '../session/writers.ts'
import { openSqliteLog } from '../store/sqlite/open.ts'
import { countOf, namesText } from '../views/text.ts'
import type { LogContext } from './check.ts'
import type { Found } from './finding.ts'
import { settingsOf } from './settings.ts'

export async function memoryDrift(context: LogContext): Promise<readonly Found[]> {
  const { home, log } = context
  const settings = await settingsOf(context)
  if (!settings.persistenceEnabled) return []
  const folder = sessionsFolderOf(home.path)
  // A writer's files follow its events after a moment.
  const isWritten = liveWriters(await log.bookmark(writersKey)).length > 0
  const { files } = await checkMemoryFiles({ folder, log }, settings)
  const drifted = files.filter(({ kind }) => kind !== 'ok' && !(isWritten && kind !== 'edited'))
  // Files that were never written, as after an import, tell nobody anything wrong.
  const severity = files.every(({ kind }) => kind === 'missing') ? 'notice' : 'warning'
  const isByHand = ({ name, kind }: MemoryFileCheck): boolean =>
    name === memoryFileNames.activeTasks && kind === 'edited'
  const edited = drifted.filter(isByHand)
  const blocked = drifted.filter(({ kind }) => kind === 'blocked')
  const others = drifted.filter((file) => !isByHand(file) && file.kind !== 'blocked')
  return [
    ...blocked.map(({ name, reason }): Found => {
      const subject = join(folder, name)
      const proposal = `mv ${subject} ${subject}.aside, then waymark sync`
      return { severity: 'warning', subject, message: `it cannot be written: ${reason}`, proposal }
    }),
    ...edited.map(
      ({ reason }): Found => ({
        severity: 'warning',
        subject: join(folder, memoryFileNames.activeTasks),
        message: reason,
        proposal: 'waymark sync --adopt takes the changes in; waymark sync keeps them under another name',
      }),
    ),
    ...(others.length === 0
      ? []
      : [
          {
            severity,
            subject: folder,
            message: driftText(others),
            proposal: 'waymark sync',
            repair: () => writeAgain(context, others),
          } as const,
        ]),
  ]
}

function driftText(files: readonly MemoryFileCheck[]): string {
  const names = files.map(
    ({ name, kind, reason }) => `${name} is ${kind}${reason === '' ? '' : ` (${reason})`}`,
  )
  return `${countOf(files.length, 'memory file')} not as the log says: ${namesText(names)}`
}

/** Writes them from the log; a list of tasks that was edited by hand stays as it is. */
async function writeAgain(context: LogContext, files: readonly MemoryFileCheck[]): Promise<void> {
  const { home } = context
  const settings = await settingsOf(context)
  const log = await openSqliteLog({ path: storePathOf(home.path), readOnly: true })
  try {
    const place = { folder: sessionsFolderOf(home.path), log, clock: systemClock }
    const { failed } = await writeMemoryFiles(place, settings, { editedTasks: 'stay' })
    const wanted = failed.filter(({ name }) => files.some((file) => file.name === name))
    if (wanted.length > 0) throw new Error(wanted.map(({ name, reason }) => `${name}: ${reason}`).join('; '))
  } finally {
    await log.close()
  }
}

/** The home or the session that somebody is looking for is not here: where it might be. */
import { dirname, join } from 'node:path'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { runGit } from '../session/git.ts'
import { findHome, type Home, storePathOf } from '../session/home.ts'
import { resolveSession } from '../session/resolve.ts'
import { openSqliteLog } from '../store/sqlite/open.ts'
import { countOf, timeText } from '../views/text.ts'
import type { PlaceContext } from './check.ts'
import type { Found, Severity } from './finding.ts'
import { bytesOf } from './store.ts'
import { transcriptOf } from './transcripts.ts'

const sought: Readonly<Record<Home['foundBy'], { readonly how: string; readonly severity: Severity }>> = {
  given: { how: 'it was named', severity: 'problem' },
  environment: { how: 'WAYMARK_HOME names it', severity: 'problem' },
  // A folder of other tools' files too: that it holds no sessions yet is nothing to worry about.
  project: { how: 'it is the nearest .moai upward', severity: 'notice' },
  user: { how: 'there is no .moai upward', severity: 'problem' },
}

/** Whether there is a home at all. */
export async function noHome({ home, folder }: PlaceContext): Promise<readonly Found[]> {
  const store = storePathOf(home.path)
  // A store that is gone and has left its write-ahead log behind is damage, and told as such.
  if ((await bytesOf(store)) !== null || (await bytesOf(`${store}-wal`)) !== null) return []
  const { how, severity } = sought[home.foundBy]
  const isThere = (await bytesOf(home.path)) !== null
  const what = isThere ? 'it holds no sessions' : 'there is no such folder'
  return [
    {
      severity,
      subject: home.path,
      message: `${what}; looked from ${folder}: ${how}`,
      proposal: 'waymark init makes a home here; --home <folder> or WAYMARK_HOME name another one',
    },
  ]
}

/** Sessions that cannot be found here, and where they may be. */
export async function lostSession(context: PlaceContext): Promise<readonly Found[]> {
  const { named, environment, log } = context
  const wanted = new Set(
    [named, environment.WAYMARK_SESSION ?? null].filter((name) => name !== null && name !== ''),
  )
  const found: Found[] = []
  for (const name of wanted) if (name !== null) found.push(...(await missingSession(context, name)))
  const isEmpty =
    log === null ? (await bytesOf(storePathOf(context.home.path))) === null : !(await hasSessions(context))
  if (isEmpty) found.push(...(await sessionsElsewhere(context)))
  return found
}

async function missingSession(context: PlaceContext, name: string): Promise<readonly Found[]> {
  const { log, home, environment } = context
  const bySetting =
    environment.WAYMARK_SESSION === name && context.named !== name ? ', which WAYMARK_SESSION names' : ''
  const lost = (message: string, proposal: string): Found[] => [
    { severity: 'problem', subject: name, message, proposal },
  ]
  try {
    if (log !== null) {
      await resolveSession(log, name)
      return []
    }
  } catch (error) {
    if (!(error instanceof WaymarkError)) throw error
    if (error.code === 'SESSION_AMBIGUOUS')
      return lost(`${error.message}${bySetting}`, 'write more of the id')
    if (error.code !== 'SESSION_NOT_FOUND') throw error
  }
  const missing = `no session "${name}" in ${home.path}${bySetting}`
  for (const other of await otherHomes(context)) {
    const sessionId = await resolvedIn(other, name)
    if (sessionId !== null)
      return lost(`${missing}; it is in ${other}`, `waymark show ${sessionId} --home ${other}`)
  }
  const transcript = await transcriptOf(context, name)
  if (transcript !== null)
    return lost(`${missing}; a transcript of that id was not imported`, `waymark import ${transcript}`)
  return lost(missing, `waymark list --all --home ${home.path}`)
}

async function hasSessions({ log }: PlaceContext): Promise<boolean> {
  if (log === null) return false
  for await (const page of log.streams()) if (page.some(({ version }) => version > 0)) return true
  return false
}

async function sessionsElsewhere(context: PlaceContext): Promise<readonly Found[]> {
  const found: Found[] = []
  for (const other of await otherHomes(context)) {
    const { count, newestAt } = await sessionsIn(other)
    if (count === 0) continue
    const newest = newestAt === null ? '' : `, the newest of ${timeText(newestAt)}`
    found.push({
      severity: 'warning',
      subject: other,
      message: `${context.home.path} has no sessions, and this home has ${countOf(count, 'session')}${newest}`,
      proposal: `waymark list --home ${other}`,
    })
  }
  return found
}

/** Homes somebody may have meant: further up, the user's own, that of the main working tree of this repository. */
async function otherHomes({ home, folder, userFolder }: PlaceContext): Promise<readonly string[]> {
  const candidates: string[] = []
  for (let at = folder; ; at = dirname(at)) {
    candidates.push(join(at, '.moai'))
    if (dirname(at) === at) break
  }
  candidates.push(join(userFolder, '.moai'))
  const { code, stdout } = await runGit(['rev-parse', '--path-format=absolute', '--git-common-dir'], {
    folder,
    waitMs: limits.gitWaitMs,
  })
  if (code === 0) candidates.push(findHome(undefined, dirname(stdout.trim()), {}).path)
  const others = [...new Set(candidates)].filter((path) => path !== home.path)
  const sizes = await Promise.all(others.map((path) => bytesOf(storePathOf(path)).catch(() => null)))
  return others.filter((_, index) => (sizes[index] ?? 0) > 0)
}

async function sessionsIn(
  home: string,
): Promise<{ readonly count: number; readonly newestAt: string | null }> {
  return (
    (await reading(home, async (log) => {
      let count = 0
      let newestAt: string | null = null
      for await (const page of log.streams()) {
        for (const { version, summary } of page) {
          if (version === 0) continue
          count += 1
          const at = summary?.lastEventAt ?? null
          if (at !== null && (newestAt === null || at > newestAt)) newestAt = at
        }
      }
      return { count, newestAt }
    })) ?? { count: 0, newestAt: null }
  )
}

async function resolvedIn(home: string, name: string): Promise<string | null> {
  return reading(home, (log) => resolveSession(log, name))
}

/** Looks into another home; one that cannot be read has nothing to offer here. */
async function reading<T>(
  home: string,
  look: (log: Awaited<ReturnType<typeof openSqliteLog>>) => Promise<T>,
): Promise<T | null> {
  try {
    const log = await openSqliteLog({ path: storePathOf(home), readOnly: true })
    try {
      return await look(log)
    } finally {
      await log.close()
    }
  } catch (error) {
    if (error instanceof WaymarkError) return null
    throw error
  }
}

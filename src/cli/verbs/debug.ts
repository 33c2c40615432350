/** What other verbs show, under the names that inspection tools know. Each flag is another verb, or a view of one. */
import { z } from 'zod'
import { limits } from '../../kernel/limits.ts'
import { sessionsOf } from '../../memory/sessions.ts'
import { readingsOfSession, type TokenReading } from '../../memory/token-usage.ts'
import { stateAt } from '../../replay/at.ts'
import type { Waymark } from '../../session/waymark.ts'
import { sessionJson } from '../../views/session-json.ts'
import { percentText, timeText, toneOfPhase } from '../../views/text.ts'
import { type Context, withWaymark } from '../context.ts'
import { type ExitCode, exitCodes, homeText, usageError } from '../failure.ts'
import { sessionArgument, verb } from '../verb.ts'
import { budget } from './budget.ts'
import { checkpoints } from './checkpoints.ts'
import { show } from './show.ts'
import { sync } from './sync.ts'

const flags = [
  'showSessionState',
  'showTokenBudget',
  'listCheckpoints',
  'checkMemorySync',
  'showTokenUsageLog',
] as const
type Flag = (typeof flags)[number]

type Inspection = (session: string, context: Context) => Promise<ExitCode>

const inspections: Readonly<Record<Flag, Inspection>> = {
  showSessionState: (session, context) =>
    context.output.json ? sessionStateJson(session, context) : show.run({ session }, context),
  showTokenBudget: (session, context) => budget.run({ session }, context),
  listCheckpoints: (session, context) => checkpoints.run({ session }, context),
  checkMemorySync: (session, context) => sync.run({ session, check: true }, context),
  showTokenUsageLog: tokenUsageLog,
}

/** Names of the documents where several are asked for. */
const jsonNameOf: Readonly<Record<Flag, string>> = {
  showSessionState: 'session_state',
  showTokenBudget: 'token_budget',
  listCheckpoints: 'checkpoints',
  checkMemorySync: 'memory_sync',
  showTokenUsageLog: 'token_usage_log',
}

const shape = z.strictObject({
  session: sessionArgument.optional(),
  showSessionState: z.boolean().optional(),
  showTokenBudget: z.boolean().optional(),
  listCheckpoints: z.boolean().optional(),
  checkMemorySync: z.boolean().optional(),
  showTokenUsageLog: z.boolean().optional(),
})

export const debug = verb(shape, async ({ session, ...asked }, context) => {
  const wanted = flags.filter((flag) => asked[flag] === true)
  if (wanted.length === 0)
    throw usageError('what to show was not said', 'waymark help debug lists the options')
  const sessionId = await withWaymark(context, 'read', (waymark) => sessionOf(waymark, session))
  if (sessionId === null)
    throw usageError(`no sessions in ${homeText(context.home)}`, 'waymark new makes one')
  if (context.output.json) return inOneDocument(wanted, sessionId, context)
  let worst: ExitCode = exitCodes.fine
  for (const flag of wanted) {
    if (wanted.length > 1 && context.output.aligned) {
      await context.output.line([{ text: `\n${jsonNameOf[flag].replaceAll('_', ' ')}`, tone: 'strong' }])
    }
    const exitCode = await inspections[flag](sessionId, context)
    if (exitCode > worst) worst = exitCode
  }
  return worst
})

/** One inspection answers with its document; several, with an object of theirs. */
async function inOneDocument(
  wanted: readonly Flag[],
  sessionId: string,
  context: Context,
): Promise<ExitCode> {
  let worst: ExitCode = exitCodes.fine
  const documents: Record<string, unknown> = {}
  for (const flag of wanted) {
    const keep = async (value: unknown): Promise<void> => {
      documents[jsonNameOf[flag]] = value
    }
    const output = { ...context.output, document: keep }
    const exitCode = await inspections[flag](sessionId, { ...context, output })
    if (exitCode > worst) worst = exitCode
  }
  const [only] = Object.values(documents)
  await context.output.document(wanted.length === 1 ? only : documents)
  return worst
}

async function sessionOf(waymark: Waymark, session: string | undefined): Promise<string | null> {
  return session === undefined ? (await sessionsOf(waymark.log)).current : waymark.resolve(session)
}

async function sessionStateJson(session: string, context: Context): Promise<ExitCode> {
  const json = await withWaymark(context, 'read', async (waymark) =>
    sessionJson(await stateAt(waymark.log, session), waymark.settings),
  )
  await context.output.document(json)
  return exitCodes.fine
}

/** The newest readings of the window, oldest first. */
async function tokenUsageLog(session: string, context: Context): Promise<ExitCode> {
  const { output } = context
  const readings: TokenReading[] = []
  await withWaymark(context, 'read', async (waymark) => {
    for await (const page of readingsOfSession(waymark.log, session)) {
      readings.push(...page.readings)
      readings.splice(0, Math.max(0, readings.length - limits.pageEventsMax))
    }
  })
  if (output.json) {
    await output.document(readings)
    return exitCodes.fine
  }
  if (readings.length === 0) output.note('the window has not been read yet')
  else {
    await output.table({
      columns: ['time', 'version', 'used', 'available', 'percent', 'phase'],
      rows: readings.map(({ timestamp, version, used, available, percent, phase }) => [
        output.aligned ? timeText(timestamp) : timestamp,
        version,
        used,
        available,
        percentText(percent),
        { text: phase, tone: toneOfPhase[phase] },
      ]),
    })
  }
  return exitCodes.fine
}

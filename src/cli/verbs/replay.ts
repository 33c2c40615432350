import { z } from 'zod'
import { foldInto, foldPages, frozen, stateHash } from '../../fold/fold.ts'
import { initialState } from '../../fold/state.ts'
import { elapsedMs } from '../../kernel/clock.ts'
import { loadState, streamOf } from '../../replay/load.ts'
import { machineText, machineView } from '../../views/machine-view.ts'
import { countedText, windowText } from '../../views/state-view.ts'
import { taskCountsText } from '../../views/task-list.ts'
import { countOf, countText, durationText, timeText } from '../../views/text.ts'
import { timelineEntry } from '../../views/timeline.ts'
import { type Context, withWaymark } from '../context.ts'
import { exitCodes, usageError } from '../failure.ts'
import { speedMax } from '../player/model.ts'
import { playSession, whyNotPlayed } from '../player/run.ts'
import { sessionArgument, verb, versionOption, whenOption } from '../verb.ts'
import { asksWhatIf, whatIfShape } from '../what-if-input.ts'
import { makePrinter } from './log.ts'

const shape = z.strictObject({
  session: sessionArgument,
  to: versionOption.optional(),
  timeline: z.boolean().optional(),
  play: z.boolean().optional(),
  from: whenOption.optional(),
  speed: z
    .string()
    .regex(/^\d{1,4}(\.\d{1,3})?x?$/, 'a speed is written as 2 or 0.5')
    .transform((text) => Number(text.replace('x', '')))
    .refine((speed) => speed > 0 && speed <= speedMax, `a speed is above 0 and at most ${speedMax}`)
    .optional(),
  events: z.boolean().optional(),
  ...whatIfShape,
})
type Input = z.infer<typeof shape>

export const replay = verb(shape, async (input, context) => {
  if (asksWhatIf(input)) return (await import('../what-if-run.ts')).runWhatIf(input, context)
  if (isPlayed(input, context)) return playSession(input, context)
  const { output } = context
  const replayed = await foldAll(input, context)
  const { state, live, stateHash: hash, liveHash, events, durationMs } = replayed
  const isSame = hash === liveHash
  if (output.json) {
    const { sessionId, version } = state
    const facts = { sessionId, version, events, stateHash: hash, liveStateHash: liveHash, same: isSame }
    await output.document({
      ...facts,
      liveFrom: live.from,
      liveSnapshotVersion: live.snapshotVersion,
      durationMs,
    })
    return isSame ? exitCodes.fine : exitCodes.problem
  }
  const source =
    live.from === 'full-replay'
      ? 'without a snapshot'
      : `from the snapshot of version ${live.snapshotVersion}`
  await output.facts([
    { label: 'session', value: state.sessionId },
    {
      label: 'replayed',
      value: `${countOf(events, 'event')} in ${durationText(durationMs)}, from the log alone`,
    },
    { label: 'called', value: 'no model, no tool' },
    { label: 'version', value: countText(state.version) },
    { label: 'from', value: state.startedAt === null ? 'before the first event' : timeText(state.startedAt) },
    {
      label: 'to',
      value: state.lastEventAt === null ? 'before the first event' : timeText(state.lastEventAt),
    },
    { label: 'status', value: state.status.replace('_', ' ') },
    ...(state.machine === undefined
      ? []
      : [{ label: 'machine', value: machineText(machineView(state.machine)) }]),
    { label: 'window', value: windowText(state.window) },
    { label: 'spent', value: countedText(state.usage) },
    { label: 'tasks', value: taskCountsText(state) },
    { label: 'state hash', value: hash },
    isSame
      ? { label: 'live state', value: `the same, loaded ${source}`, tone: 'good' }
      : { label: 'live state', value: `differs: ${liveHash}, loaded ${source}`, tone: 'bad' },
  ])
  if (!isSame) output.note('next: waymark verify locates what is not as it was written')
  return isSame ? exitCodes.fine : exitCodes.problem
})

/** In a terminal a session is played, unless something else is asked for. Elsewhere it is played for nobody, and that is refused. */
function isPlayed({ to, timeline, play, from, speed, events }: Input, context: Context): boolean {
  const isAsked = [play, from, speed, events].some((option) => option !== undefined)
  const isPrinted = to !== undefined || timeline !== undefined
  if (isAsked && isPrinted) {
    throw usageError(
      '--to and --timeline print, --play, --from, --speed and --events play',
      'ask for one of them; --from begins the playing at a version',
    )
  }
  return isAsked || (!isPrinted && whyNotPlayed(context) === null)
}

/** Folds all events from version 1, without snapshots, and loads the live state beside it. */
async function foldAll({ session, to, timeline = false }: Input, context: Context) {
  const { output } = context
  return withWaymark(context, 'read', async (waymark) => {
    const sessionId = await waymark.resolve(session)
    const newest = (await streamOf(waymark.log, sessionId)).version
    const live = await loadState(waymark.log, sessionId, to ?? newest)
    const print = timeline && !output.json ? makePrinter(output, newest) : null
    const state = initialState(sessionId)
    const startedMs = elapsedMs()
    let events = 0
    const range = { to: live.state.version }
    const folded = (count: number): void => {
      events += count
      output.progress(`replayed ${countOf(events, 'event')} of ${countText(live.state.version)}`)
    }
    if (print === null) {
      await foldPages(state, waymark.log.readToFold(sessionId, range), ({ length }) => folded(length))
    } else {
      for await (const page of waymark.log.read(sessionId, range)) {
        foldInto(state, page)
        for (const entry of page.map(timelineEntry)) if (entry.notable) await print(entry)
        folded(page.length)
      }
    }
    const durationMs = Math.round((elapsedMs() - startedMs) * 10) / 10
    const replayed = frozen(state)
    return {
      state: replayed,
      live,
      events,
      durationMs,
      stateHash: stateHash(replayed),
      liveHash: stateHash(live.state),
    }
  })
}

import { z } from 'zod'
import { eventTypes } from '../../events/catalogue.ts'
import { nearest } from '../../events/commands.ts'
import type { LoggedEvent } from '../../events/envelope.ts'
import { followStream } from '../../session/follow.ts'
import type { Waymark } from '../../session/waymark.ts'
import { countOf, countText, timeText } from '../../views/text.ts'
import { type TimelineEntry, timelineEntry } from '../../views/timeline.ts'
import { interruptible, withWaymark } from '../context.ts'
import { exitCodes, usageError } from '../failure.ts'
import type { Output } from '../output.ts'
import { sessionArgument, verb, versionOption } from '../verb.ts'

const shape = z.strictObject({
  session: sessionArgument,
  all: z.boolean().optional(),
  after: versionOption.optional(),
  type: z.array(z.string().max(100)).optional(),
  follow: z.boolean().optional(),
})

export const log = verb(shape, async ({ session, all = false, after = 0, type, follow = false }, context) => {
  const { output } = context
  const matches = matcher(type)
  // Who names types has chosen already; everyone else is told the story.
  const everything = all || type !== undefined
  return withWaymark(context, 'read', (waymark) =>
    interruptible(async (signal) => {
      const sessionId = await waymark.resolve(session)
      const newest = (await waymark.log.stream(sessionId))?.version ?? 0
      const print = makePrinter(output, newest)
      let hidden = 0
      const events = follow
        ? followStream(waymark.log, sessionId, after, signal)
        : eventsOf(waymark, sessionId, after)
      for await (const event of events) {
        if (!matches(event)) continue
        if (output.json) await output.record(event)
        else {
          const entry = timelineEntry(event)
          if (everything || entry.notable) await print(entry)
          else hidden += 1
        }
      }
      if (hidden > 0) output.note(`${countOf(hidden, 'detail')} not shown: --all shows every event`)
      return exitCodes.fine
    }),
  )
})

async function* eventsOf(
  waymark: Waymark,
  sessionId: string,
  after: number,
): AsyncGenerator<LoggedEvent, void, undefined> {
  for await (const page of waymark.log.read(sessionId, { after })) yield* page
}

/** A full type (`task.failed`) or a noun (`task`). */
function matcher(wanted: readonly string[] | undefined): (event: LoggedEvent) => boolean {
  if (wanted === undefined) return () => true
  const known = new Set(eventTypes.flatMap((type) => [type, nounOf(type)]))
  for (const name of wanted) {
    if (known.has(name)) continue
    throw usageError(
      `no event has the type "${name.slice(0, 60)}"`,
      `did you mean ${nearest(name, [...known]).join(' or ')}?`,
    )
  }
  const names = new Set(wanted)
  return ({ type }) => names.has(type) || names.has(nounOf(type))
}

function nounOf(type: string): string {
  return type.slice(0, type.indexOf('.'))
}

const timeWidth = 'YYYY-MM-DD hh:mm:ss'.length

/** Prints entries as rows as they come; the width of the versions is known from the newest one. */
export function makePrinter(output: Output, newestVersion: number): (entry: TimelineEntry) => Promise<void> {
  const widths = [timeWidth, countText(newestVersion).length, 0]
  return ({ time, version, type, text, tone }) =>
    output.aligned
      ? output.row([{ text: timeText(time), tone: 'quiet' }, version, { text, tone }], widths)
      : output.row([time, version, type, text], widths)
}

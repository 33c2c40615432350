/** `replay` with other rules: plays the commands again, and says what would have been different. */
import type { Waymark } from '../session/waymark.ts'
import { countText } from '../views/text.ts'
import { nothingDiffers, type SavedFork, saveWhatIf } from '../what-if/save.ts'
import { type WhatIf, type WhatIfOptions, whatIf } from '../what-if/what-if.ts'
import { type Context, withWaymark } from './context.ts'
import { type ExitCode, exitCodes, usageError } from './failure.ts'
import { changesOf, type TypedChanges, type WhatIfInput } from './what-if-input.ts'
import { printWhatIf, whatIfJson } from './what-if-output.ts'

/** What was typed: the session, and at least one of the options of a what-if. */
export interface WhatIfRun extends WhatIfInput {
  readonly session: string
  /** Options of `replay` that have no meaning here. */
  readonly [other: string]: unknown
}

/** Plays again and prints; with `--save`, records what came out as a fork. */
export async function runWhatIf(input: WhatIfRun, context: Context): Promise<ExitCode> {
  checkOptions(input)
  const { output } = context
  const typed = await changesOf(input)
  const { found, fork } = await withWaymark(context, input.save === true ? 'write' : 'read', (waymark) =>
    played(waymark, input, typed, {
      onProgress: (now, newest) => output.progress(`played ${countText(now)} of ${countText(newest)}`),
    }),
  )
  if (output.json) {
    await output.document(whatIfJson(found, typed, fork))
    return exitCodes.fine
  }
  await printWhatIf(output, found, typed, fork)
  return exitCodes.fine
}

/** Options that do not fit together: told before anything is read. */
function checkOptions({
  session: _session,
  with: _file,
  skip: _skip,
  edit: _edit,
  insert: _insert,
  ...others
}: WhatIfRun): void {
  const { save, machines, title, ...rest } = others
  const beside = Object.keys(rest).find((name) => Reflect.get(rest, name) !== undefined)
  if (beside !== undefined) {
    throw usageError(
      `--${beside} is of no use where the commands are played again`,
      'leave it out; without --with, --machines, --skip, --edit, --insert and --save, replay shows what happened',
    )
  }
  if (title !== undefined && save !== true) {
    throw usageError('--title names the fork that --save makes', 'add --save, or leave --title out')
  }
  if (save === true && machines !== undefined) {
    throw usageError(
      '--save cannot be used with --machines: this home decides by its own machines, and the fork would not follow from them',
      'leave --save out to see what would have been different; put the machines into Waymark to record with them',
    )
  }
}

async function played(
  waymark: Waymark,
  input: WhatIfRun,
  { changes }: TypedChanges,
  options: WhatIfOptions,
): Promise<{ readonly found: WhatIf; readonly fork: SavedFork | null }> {
  const found = await whatIf(waymark, input.session, changes, options)
  if (input.save !== true) return { found, fork: null }
  if (found.partsAt === null) {
    throw nothingDiffers(
      found.sessionId,
      found.refused.listed.map(({ reason }) => reason),
    )
  }
  const title = input.title === undefined ? {} : { title: input.title }
  return { found, fork: await saveWhatIf(waymark, input.session, changes, { ...options, ...title }) }
}

/** What every verb works with: the home it was pointed at, where it speaks, and whether it may ask or was interrupted. */
import { statSync } from 'node:fs'
import { WaymarkError } from '../kernel/errors.ts'
import { type Home, storePathOf } from '../session/home.ts'
import { Waymark } from '../session/waymark.ts'
import { type ExitCode, exitCodes } from './failure.ts'
import type { Output } from './output.ts'

export interface Context {
  readonly home: Home
  readonly output: Output
  /** False under `--no-input`: never wait for somebody to type. */
  readonly input: boolean
  /** Settings for this call, as typed after `--set`: the layer above all others. */
  readonly set: readonly string[]
}

/** `read` and `write` need a home that is there; `create` makes it and says so. */
export type OpenMode = 'read' | 'write' | 'create'

/** Opens the home, does the work, and closes the home however the work ended. */
export async function withWaymark<T>(
  { home, output, set }: Pick<Context, 'home' | 'output' | 'set'>,
  mode: OpenMode,
  work: (waymark: Waymark) => Promise<T>,
): Promise<T> {
  const isThere = hasStore(home)
  if (!isThere && mode !== 'create') {
    throw new WaymarkError('HOME_NOT_FOUND', {
      message: `there are no sessions in ${home.path}`,
      hint: 'waymark init makes a home here; --home <folder> or WAYMARK_HOME name another one',
      details: { home: home.path },
    })
  }
  const waymark = await Waymark.open({ home: home.path, readOnly: mode === 'read', set })
  try {
    if (mode !== 'read' && !waymark.settings.persistenceEnabled) throw notKept()
    if (!isThere) output.note(`made a home in ${home.path}`)
    return await work(waymark)
  } finally {
    await waymark.close()
  }
}

function notKept(): WaymarkError {
  return new WaymarkError('CONFIGURATION_INVALID', {
    message: 'session.persistence_enabled is false: what is recorded here would be forgotten at once',
    hint: 'waymark config persistence_enabled says where it is set; --set persistence_enabled=true records all the same',
  })
}

/** Whether the home holds sessions. One that may not be looked into is not one that is not there. */
export function hasStore(home: Home): boolean {
  try {
    statSync(storePathOf(home.path))
    return true
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return false
    throw new WaymarkError('HOME_NOT_WRITABLE', {
      message: `cannot look into ${home.path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'give yourself permission for the folder, or use another home with --home <folder>',
      cause,
    })
  }
}

/**
 * Runs work that Ctrl-C ends in good order: the signal tells the work to stop, and the exit code says that it was stopped.
 * A second Ctrl-C ends the process at once.
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<ExitCode>): Promise<ExitCode> {
  const controller = new AbortController()
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted)
    controller.abort()
  }
  process.on('SIGINT', interrupt)
  try {
    const exitCode = await work(controller.signal)
    return controller.signal.aborted ? exitCodes.interrupted : exitCode
  } finally {
    process.off('SIGINT', interrupt)
  }
}

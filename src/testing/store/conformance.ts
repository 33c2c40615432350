/** One suite for every store: the promises of the log as checks that any test runner runs. */
import { setTimeout as timer } from 'node:timers/promises'
import { limits } from '../../kernel/limits.ts'
import type { EventLog } from '../../log/port.ts'
import type { Check } from '../check.ts'
import { assertKnown, assertWhole, usage } from '../usage.ts'
import { appendChecks } from './checks/appends.ts'
import { besideChecks } from './checks/beside.ts'
import { compactChecks } from './checks/compacting.ts'
import { forkChecks } from './checks/forks.ts'
import { lookupChecks } from './checks/lookups.ts'
import { readChecks } from './checks/reads.ts'
import { retryChecks } from './checks/retries.ts'
import { sessionChecks } from './checks/sessions.ts'
import { subscriptionChecks } from './checks/subscriptions.ts'
import { tornTailChecks } from './checks/torn-tail.ts'
import { travelChecks } from './checks/travelling.ts'
import { wakingChecks } from './checks/waking.ts'
import { writerChecks } from './checks/writers.ts'
import { type StoreCheck, type StoreFiles, type StoreNeed, storeNeeds } from './under-test.ts'

/** A store that was opened for one check: a new one, with nothing in it. */
export interface OpenedStore {
  readonly log: EventLog
  /** Opens another handle on the same events, as another process would have it. */
  readonly openAgain?: () => Promise<EventLog>
  /** Where the store keeps itself, if it is made of files. */
  readonly files?: StoreFiles
  /** Takes the store away, when the check is over and every handle is closed. */
  readonly remove?: () => Promise<void>
}

export interface StoreConformanceOptions {
  /** What the store has not: checks that need it are left out, and their names say so. Nothing if left out. */
  readonly without?: readonly StoreNeed[]
  /** At how many places a torn tail is cut; all of them where there are no more. 100 if left out. */
  readonly tearsMax?: number
}

const checks: readonly StoreCheck[] = [
  ...appendChecks,
  ...readChecks,
  ...lookupChecks,
  ...retryChecks,
  ...writerChecks,
  ...forkChecks,
  ...subscriptionChecks,
  ...wakingChecks,
  ...besideChecks,
  ...compactChecks,
  ...travelChecks,
  ...sessionChecks,
  ...tornTailChecks,
]

/**
 * The promises of `EventLog` as checks: what every store must do, whatever it is made of. Each check opens an empty store of its own with
 * `open`, and closes and removes it. Checks over several handles need `openAgain`, those of a torn tail `files`; a store that has
 * no such thing says so in `without`, and the names of what is left out say it too.
 *
 * A failed check throws an Error that says what was expected and what was found; one of random data, with which seed.
 *
 * @throws WaymarkError `USAGE` for options that cannot be meant; a check likewise, when `open` gives no log
 *
 * @example A store that lives in memory, and a handle on it for every opening.
 * ```ts
 * import { faultyLog } from 'waymark/testing'
 * const open = async () => {
 *   const log = new MemoryLog()
 *   return { log, openAgain: async () => faultyLog(log, { faults: [] }) }
 * }
 * const suite = storeConformance(open, { without: ['files'] })
 * suite[1]?.name // 'appends: a stream has the versions 1, 2, 3 …, and the log positions that rise'
 * await suite[1]?.run()
 * suite.at(-1)?.name // 'left out, without files: a torn tail: filled with zeros anywhere, loses the last transaction at most, and that one whole'
 * ```
 */
export function storeConformance(
  open: () => Promise<OpenedStore>,
  options: StoreConformanceOptions = {},
): readonly Check[] {
  const { without = [], tearsMax = defaultTears } = options
  if (typeof open !== 'function') {
    throw usage(`a store is not opened by ${String(open)}`, 'give a function that opens an empty store')
  }
  for (const need of without) assertKnown('need of a check', need, storeNeeds)
  assertWhole('tearsMax', tearsMax, 1)
  return checks.map((check) => {
    const { name, needs } = check
    return needs !== undefined && without.includes(needs)
      ? { name: `left out, without ${needs}: ${name}`, run: async () => {} }
      : { name, run: async () => runCheck(open, check, tearsMax) }
  })
}

const defaultTears = 100

async function runCheck(
  open: () => Promise<OpenedStore>,
  { run, needs }: StoreCheck,
  tearsMax: number,
): Promise<void> {
  const opened = await open()
  if (!isObject(opened) || !isObject(opened.log)) {
    throw usage('the store that was opened has no log', 'answer { log } with an open and empty EventLog')
  }
  const { log, openAgain, files, remove } = opened
  const handles: EventLog[] = [log]
  const again = async (): Promise<EventLog> => {
    if (openAgain === undefined) throw missing('openAgain', 'several handles')
    const handle = await openAgain()
    handles.push(handle)
    return handle
  }
  const filesOf = (): StoreFiles => {
    if (files === undefined) throw missing('files', 'files')
    return files
  }
  try {
    const work = run({ log, again, files: filesOf, tearsMax })
    // Tearing takes as long as there are places to tear at, and nobody waits there.
    await (needs === 'files' ? work : inTime(work))
  } finally {
    for (const handle of handles.toReversed()) await handle.close()
    await remove?.()
  }
}

/** Asked because what a user's function answers is checked by nobody else. */
function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function missing(field: string, need: StoreNeed): Error {
  return new Error(
    `this check needs ${field} of the opened store: give it, or say that there is none with { without: ['${need}'] }`,
  )
}

/** A reader that is never woken would wait for ever. */
async function inTime(work: Promise<void>): Promise<void> {
  const done = new AbortController()
  const late = timer(limits.storeCheckMs, 'late', { signal: done.signal }).catch(() => 'ended')
  try {
    if ((await Promise.race([work, late])) !== 'late') return
  } finally {
    done.abort()
  }
  throw new Error(`the check has not ended after ${limits.storeCheckMs} ms: somebody still waits`)
}

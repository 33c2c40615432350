/** Commands on their way from a simulated process, and what their answers promise. */
import type { Sending } from '../../events/content.ts'
import { type ErrorCode, WaymarkError } from '../../kernel/errors.ts'
import type { ExpectedVersion } from '../../session/record.ts'
import type { SendResult } from '../../session/session.ts'
import type { Held, SimulatedProcess } from './process.ts'
import type { Attempt, Note, World } from './world.ts'

const promises = {
  refused: 'a command that is refused appends nothing',
  repeated: 'the same command again gives the same answer',
  acknowledged: 'what is acknowledged is committed',
  expected: 'a writer that names a version writes at that version or not at all',
} as const

/** What no command that has been recorded is answered with when it is sent again. */
const neverAgain: ReadonlySet<ErrorCode> = new Set([
  'COMMAND_REFUSED',
  'VERSION_CONFLICT',
  'STALE_HOLDER',
  'COMMAND_ID_REUSED',
])

export interface SendingOptions {
  readonly expectedVersion?: ExpectedVersion
  /** Others of the same process may write at the same time. */
  readonly withOthers?: boolean
}

/** Notes a command that is about to be sent for the first time. */
export function noted(world: World, { session }: Held, command: Sending): Note {
  const note: Note = { sessionId: session.id, commandId: world.ids.uuid(), command, attempts: [], events: [] }
  world.notes.push(note)
  return note
}

/** Sends a command, for the first time or again, and holds the answer against what was committed. */
export async function sendNoted(
  world: World,
  process: SimulatedProcess,
  held: Held,
  note: Note,
  { expectedVersion, withOthers = false }: SendingOptions = {},
): Promise<void> {
  const attempt: Attempt = { answer: 'none' }
  note.attempts.push(attempt)
  const before = { epoch: held.epoch, committed: process.committedCount, isRecorded: note.events.length > 0 }
  world.counts.sent += 1
  try {
    const options = expectedVersion === undefined ? {} : { expectedVersion }
    const result = await held.session.send(note.command, { commandId: note.commandId, ...options })
    attempt.answer = 'recorded'
    checkAnswer(world, held, note, { result, epoch: before.epoch, expectedVersion })
  } catch (error) {
    if (!(error instanceof WaymarkError)) throw error
    const isLost = process.met.some(({ fault }) => fault.fault === 'fail' && fault.when === 'after')
    attempt.answer = isLost ? 'none' : 'refused'
    world.counts.refused += 1
    const added = process.committedCount - before.committed
    world.hold(
      isLost || withOthers || added === 0,
      promises.refused,
      () => `${describe(world, note)} was answered with ${error.code}, and ${added} events were appended`,
    )
    world.hold(
      !before.isRecorded || !neverAgain.has(error.code),
      promises.repeated,
      () => `${describe(world, note)} was recorded before, and is now refused: ${error.message}`,
    )
    throw error
  }
}

interface Answer {
  readonly result: SendResult
  readonly epoch: number
  readonly expectedVersion: ExpectedVersion | undefined
}

function checkAnswer(world: World, held: Held, note: Note, { result, epoch, expectedVersion }: Answer): void {
  const { events, repeated, state } = result
  const { sessionId } = note
  const where = describe(world, note)
  const line = world.ledger.lineOf(sessionId)
  world.hold(
    events.every(({ id, version }) => line[version - 1]?.id === id),
    promises.acknowledged,
    () => `${where} was acknowledged as version ${result.version}; what is there is not that`,
  )
  const known = note.events.map(({ id }) => id).join()
  world.hold(
    known === '' || known === events.map(({ id }) => id).join(),
    promises.repeated,
    () => `${where}, sent again, was answered with other events`,
  )
  const [first] = events
  if (first !== undefined && !repeated) {
    const before = world.ledger.commitOf(sessionId, first.version)?.versionsBefore.get(sessionId)
    world.hold(
      expectedVersion === undefined || before === expectedVersion,
      promises.expected,
      () => `${where} expected version ${expectedVersion}, and was recorded after version ${before}`,
    )
    world.holders.push({ sessionId, version: first.version - 1, epoch, where })
    if (note.command.type === 'session.take-over') held.epoch = state.epoch
  }
  world.claims.push({ state, where })
  world.counts.acknowledged += 1
  if (repeated) world.counts.repeated += 1
  note.events = events
}

function describe(world: World, { command, sessionId }: Note): string {
  return `${command.type} to ${world.nameOf(sessionId)}`
}

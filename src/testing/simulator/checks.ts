/** What must be true of a log, whatever the processes that wrote it went through. */
import { isKnown, type LoggedEvent } from '../../events/envelope.ts'
import { initialState, noUsage } from '../../fold/state.ts'
import type { EventLog } from '../../log/port.ts'
import { loadState } from '../../replay/load.ts'
import { isSameValue } from '../../replay/snapshot/shared.ts'
import { verifyLog } from '../../replay/verify/verify.ts'
import type { World } from './world.ts'

/** Holds the log against what was committed, event by event: for after a crash, when nobody has another turn. */
export async function checkNothingLost(world: World, log: EventLog): Promise<void> {
  const { events } = world.ledger
  const found = await allOf(log.readAll(0))
  const at = differenceAt(found, events)
  world.hold(at === null, 'what is committed is there, once, in its order, and nothing else', () =>
    differenceText(world, at ?? 0, found, events),
  )
}

/** Everything that is checked at the end. */
export async function checkAll(world: World, log: EventLog): Promise<void> {
  await checkNothingLost(world, log)
  const { chance, profile, ledger } = world
  for (const sessionId of ledger.sessions.keys()) {
    await checkStream(world, log, sessionId)
    checkBatches(world, sessionId)
    const isLookedAt = chance.happens(profile.looksAt)
    if (isLookedAt) await claimVersions(world, log, sessionId)
    if (isLookedAt && profile.looksAt < 1) await checkVerified(world, log, sessionId)
    checkStates(world, sessionId)
  }
  checkRefused(world)
  checkUsage(world)
  if (profile.looksAt === 1) await checkVerified(world, log)
}

/** Verification of one session, or of the whole log. */
async function checkVerified(world: World, log: EventLog, sessionId?: string): Promise<void> {
  const { ok, sessions, contents, orphanedEvents } = await verifyLog(log, sessionId)
  world.hold(ok, 'verification finds nothing in what was recorded as it is', () => {
    const found = sessions.filter((session) => !session.ok)
    const named = found.map(({ sessionId, problems, machines }) => ({
      session: world.nameOf(sessionId),
      problems,
      divergences: machines?.divergences,
    }))
    return JSON.stringify({ sessions: named, contents, orphanedEvents })
  })
}

async function allOf(pages: AsyncIterable<readonly LoggedEvent[]>): Promise<readonly LoggedEvent[]> {
  const all: LoggedEvent[] = []
  for await (const page of pages) all.push(...page)
  return all
}

function differenceAt(found: readonly LoggedEvent[], expected: readonly LoggedEvent[]): number | null {
  for (let index = 0; index < Math.max(found.length, expected.length); index++) {
    if (!isSameValue(found[index], expected[index])) return index
  }
  return null
}

function differenceText(
  world: World,
  at: number,
  found: readonly LoggedEvent[],
  expected: readonly LoggedEvent[],
): string {
  const text = (event: LoggedEvent | undefined): string =>
    event === undefined
      ? 'nothing'
      : `${event.type} (${world.nameOf(event.sessionId)}@${event.version}, position ${event.position})`
  return `event ${at + 1} of ${expected.length}: ${text(expected[at])} was committed, ${text(found[at])} is there`
}

/** A stream reads as what was committed to it: a fork as its parent's first events and its own, whatever its parent did since. */
async function checkStream(world: World, log: EventLog, sessionId: string): Promise<void> {
  const expected = world.ledger.lineOf(sessionId)
  const name = world.nameOf(sessionId)
  const found = await allOf(log.read(sessionId))
  const at = differenceAt(found, expected)
  world.hold(
    at === null,
    'a stream is its own events, and a fork its parent’s first ones before them',
    () => `${name}: ${differenceText(world, at ?? 0, found, expected)}`,
  )
  const gap = expected.findIndex(({ version }, index) => version !== index + 1)
  world.hold(
    gap === -1,
    'versions have no gaps',
    () => `${name}: event ${gap + 1} has version ${expected[gap]?.version}`,
  )
  const head = await log.stream(sessionId)
  world.hold(
    head?.version === expected.length,
    'the head of a stream is its newest event',
    () => `${name}: the head says ${head?.version}, there are ${expected.length} events`,
  )
}

/** Each command has one batch, whole and in one piece. */
function checkBatches(world: World, sessionId: string): void {
  const seen = new Set<string>()
  const ids = new Set<string>()
  let current: string | null = null
  let index = 0
  for (const event of world.ledger.lineOf(sessionId)) {
    const { commandId, id, version } = event
    const begins = event.index === 0
    const place = `${world.nameOf(sessionId)}@${version}`
    world.hold(
      begins ? !seen.has(commandId) : commandId === current && event.index === index + 1,
      'a batch is whole, in one piece, and there once',
      () => `${place} is event ${event.index} of command ${commandId}, after event ${index} of ${current}`,
    )
    world.hold(!ids.has(id), 'an event is there once', () => `${place} has the id of an earlier event`)
    seen.add(commandId)
    ids.add(id)
    current = commandId
    index = event.index
  }
}

const versionsLookedAt = 3

/** Loads the newest version and some of the past: what snapshots lead to is a state like those that somebody was given. */
async function claimVersions(
  { ledger, chance, claims }: World,
  log: EventLog,
  sessionId: string,
): Promise<void> {
  const newest = ledger.versionOf(sessionId)
  for (let count = 0; count < versionsLookedAt; count++) {
    const version = count === 0 ? newest : chance.whole(newest + 1)
    const { state } = await loadState(log, sessionId, version)
    claims.push({ state, where: `load version ${version}` })
  }
}

/** The states that somebody was given are the fold of all events up to their versions. */
function checkStates(world: World, sessionId: string): void {
  const newest = world.ledger.versionOf(sessionId)
  const claims = world.claims.filter(({ state }) => state.sessionId === sessionId)
  const holders = world.holders.filter((held) => held.sessionId === sessionId)
  for (const state of world.ledger.statesOf(sessionId)) {
    for (const claim of claims) {
      if (claim.state.version !== state.version) continue
      world.hold(
        isSameValue(claim.state, state),
        'a state is the fold of all events up to its version',
        () => `${world.nameOf(sessionId)}@${state.version}, as given to: ${claim.where}`,
      )
    }
    for (const { version, epoch, where } of holders) {
      if (version !== state.version) continue
      world.hold(
        epoch === state.epoch,
        'whoever holds a session no longer is refused',
        () => `${where} was accepted at epoch ${state.epoch} from a holder of epoch ${epoch}`,
      )
    }
  }
  const beyond = claims.find(({ state }) => state.version > newest)
  world.hold(
    beyond === undefined,
    'a state is of a version that is committed',
    () =>
      `${world.nameOf(sessionId)} has ${newest} versions; version ${beyond?.state.version} was given to: ${beyond?.where}`,
  )
}

/** What every sender was told is refused is nowhere. */
function checkRefused(world: World): void {
  const recorded = new Set(world.ledger.events.map(({ commandId }) => commandId))
  for (const { attempts, commandId, command } of world.notes) {
    const isRefused = attempts.length > 0 && attempts.every(({ answer }) => answer === 'refused')
    world.hold(
      !(isRefused && recorded.has(commandId)),
      'a command that is refused appends nothing',
      () => `${command.type} was refused whenever it was sent, and is recorded`,
    )
  }
}

const counters = ['inputTokens', 'outputTokens', 'cacheReadTokens', 'cacheCreationTokens'] as const

/** The sessions' own usage together is the highest report of each call. */
function checkUsage(world: World): void {
  const highest = new Map<string, Record<string, number>>()
  for (const event of world.ledger.events) {
    if (!isKnown(event) || event.type !== 'usage.recorded') continue
    const call = highest.get(event.data.callId) ?? {}
    for (const name of counters) call[name] = Math.max(call[name] ?? 0, event.data[name])
    highest.set(event.data.callId, call)
  }
  const own = noUsage()
  for (const sessionId of world.ledger.sessions.keys()) {
    let last = initialState(sessionId)
    for (const state of world.ledger.statesOf(sessionId)) last = state
    own.calls += last.usage.calls
    for (const name of counters) own[name] += last.usage[name]
  }
  const sum = (name: string): number =>
    [...highest.values()].reduce((total, call) => total + (call[name] ?? 0), 0)
  const expected = { calls: highest.size, ...Object.fromEntries(counters.map((name) => [name, sum(name)])) }
  const isOnce = own.calls === expected.calls && counters.every((name) => own[name] === sum(name))
  world.hold(
    isOnce,
    'every call of a model is counted once',
    () => `counted is ${JSON.stringify(own)}, reported was ${JSON.stringify(expected)}`,
  )
}

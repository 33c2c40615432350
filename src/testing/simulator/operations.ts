/** What simulated processes do, and how often. */
import type { ErrorCode } from '../../kernel/errors.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { fittingCommand } from './commands.ts'
import type { Held, SimulatedProcess } from './process.ts'
import { noted, sendNoted } from './sending.ts'
import type { World } from './world.ts'

/** An operation that a process may choose. */
export interface Operation {
  readonly name: string
  readonly weight: number
  /** The ways in which it may fail. */
  readonly expected: readonly ErrorCode[]
  /** Whether there is anything to do it with. */
  fits(process: SimulatedProcess, world: World): boolean
  run(process: SimulatedProcess, world: World): Promise<void>
}

type Run = Operation['run']

const ofHolders: readonly ErrorCode[] = ['COMMAND_REFUSED', 'STALE_HOLDER']

function operation(
  name: string,
  weight: number,
  fits: Operation['fits'],
  run: Run,
  expected: readonly ErrorCode[] = [],
): Operation {
  return { name, weight, expected, fits, run }
}

const anySession: Operation['fits'] = (_process, { ledger }) => ledger.sessions.size > 0
const sessionInHand: Operation['fits'] = ({ held }) => held.length > 0
const sentBefore: Operation['fits'] = ({ held }, { notes }) =>
  held.some(({ session }) => notes.some(({ sessionId }) => sessionId === session.id))
const roomForMore: Operation['fits'] = (_process, { ledger, profile }) =>
  ledger.sessions.size < profile.sessionsMax

/** The command that comes next: one that fits the state, or any. */
function nextCommand(world: World, { session }: Held): Parameters<typeof noted>[2] {
  const { chance, madeUp } = world
  return madeUp.length === 0 || chance.happens(0.4)
    ? fittingCommand(session.state, chance)
    : chance.oneOf(madeUp)
}

function inHand({ held }: SimulatedProcess, { chance }: World): Held {
  return chance.oneOf(held)
}

function sessionIdOf({ ledger, chance }: World): string {
  return chance.oneOf([...ledger.sessions.keys()])
}

const begin: Run = async (process, world) => {
  const others = [...world.ledger.sessions.keys()]
  const continues = others.length > 0 && world.chance.happens(0.3) ? world.chance.oneOf(others) : null
  const session = await process.waymark.createSession({
    model: 'claude-sonnet-4-5',
    windowTokens: 200_000,
    ...(continues === null ? {} : { continuesSessionId: continues, tasks: 'open' as const }),
  })
  world.claims.push({ state: session.state, where: `begin ${world.nameOf(session.id)}` })
  process.held.push({ session, epoch: session.state.epoch })
}

const open: Run = async (process, world) => {
  const id = sessionIdOf(world)
  const session = await process.waymark.openSession(id)
  world.claims.push({ state: session.state, where: `open ${world.nameOf(id)}` })
  process.held.push({ session, epoch: session.state.epoch })
}

const send: Run = async (process, world) => {
  const held = inHand(process, world)
  const note = noted(world, held, nextCommand(world, held))
  const expects = world.chance.happens(world.profile.expects)
  await sendNoted(world, process, held, note, expects ? { expectedVersion: held.session.version } : {})
}

const sendTogether: Run = async (process, world) => {
  const held = inHand(process, world)
  const commands = Array.from({ length: 2 + world.chance.whole(2) }, () => nextCommand(world, held))
  const sendings = commands
    .filter(({ type }) => type !== 'session.take-over')
    .map((command) => sendNoted(world, process, held, noted(world, held, command), { withOthers: true }))
  const outcomes = await Promise.allSettled(sendings)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected' && !isRefusal(outcome.reason)) throw outcome.reason
  }
}

function isRefusal(reason: unknown): boolean {
  return reason instanceof WaymarkError && ofHolders.includes(reason.code)
}

const sendAgain: Run = async (process, world) => {
  const held = inHand(process, world)
  const notes = world.notes.filter(({ sessionId }) => sessionId === held.session.id)
  if (notes.length > 0) await sendNoted(world, process, held, world.chance.oneOf(notes))
}

const reuseId: Run = async (process, world) => {
  const held = inHand(process, world)
  const recorded = world.notes.filter(
    ({ sessionId, events }) => sessionId === held.session.id && events.length > 0,
  )
  if (recorded.length === 0) return
  const { commandId } = world.chance.oneOf(recorded)
  const before = process.committedCount
  try {
    await held.session.send({ type: 'decision.record', text: 'something else altogether' }, { commandId })
    throw world.broken('another command under a used id is refused', `command id ${commandId} was taken`)
  } catch (error) {
    const isTold = error instanceof WaymarkError && process.committedCount === before
    if (!isTold) throw error
    if (error.code !== 'COMMAND_ID_REUSED') throw error
  }
}

const checkpoint: Run = async (process, world) => {
  const { session } = inHand(process, world)
  await session.checkpoint({ reason: 'the simulation asked for it' })
}

const fork: Run = async (process, world) => {
  const { session } = inHand(process, world)
  const { chance } = world
  const at = session.version > 0 && chance.happens(0.6) ? { at: 1 + chance.whole(session.version) } : {}
  const forked = await session.fork(at)
  world.claims.push({ state: forked.state, where: `fork ${world.nameOf(forked.id)}` })
  process.held.push({ session: forked, epoch: forked.state.epoch })
}

const agents = ['builder', 'tester', 'writer'] as const

const handOff: Run = async (process, world) => {
  const { session } = inHand(process, world)
  const expires = world.chance.happens(0.3) ? { expiresInMinutes: 5 } : {}
  const fromAgent = session.state.holder ?? 'builder'
  await session.handOff({ fromAgent, toAgent: world.chance.oneOf(agents), ...expires })
}

/** Events by which an offer begins or ends. */
const ofOffers: ReadonlySet<string> = new Set([
  'session.handed-off',
  'session.taken-over',
  'session.resumed',
  'session.ended',
  'handoff.rejected',
  'handoff.expired',
])

/** Sessions in hand that wait for another agent. */
function offeredTo({ held }: SimulatedProcess, { ledger }: World): readonly Held[] {
  return held.filter(({ session }) => {
    const newest = ledger.lineOf(session.id).findLast(({ type }) => ofOffers.has(type))
    return newest?.type === 'session.handed-off'
  })
}

const accept: Run = async (process, world) => {
  const held = world.chance.oneOf(offeredTo(process, world))
  const state = await held.session.refresh()
  const offered = state.handoffs.findLast(({ status }) => status === 'offered')
  if (offered === undefined) return
  const { epoch } = await held.session.acceptHandoff({ agent: offered.toAgent })
  held.epoch = epoch
}

const recover: Run = async (process, world) => {
  const id = sessionIdOf(world)
  const { chance } = world
  const report = await process.waymark.recover(id, chance.happens(0.5) ? { tasks: 'block' } : {})
  world.counts.recoveries += 1
  world.claims.push({ state: report.state, where: `recover ${world.nameOf(id)}` })
  world.hold(
    report.damage === null && report.passedOver.length === 0,
    'recovery finds a sound log sound',
    () => `recovery of ${world.nameOf(id)} found ${JSON.stringify([report.damage, report.passedOver])}`,
  )
}

const refresh: Run = async (process, world) => {
  const { session } = inHand(process, world)
  const state = await session.refresh()
  world.claims.push({ state, where: `refresh ${world.nameOf(session.id)}` })
}

const lookBack: Run = async (process, world) => {
  const { session } = inHand(process, world)
  const version = world.chance.whole(session.version + 1)
  const state = await session.at(version)
  world.hold(
    state.version === version,
    'a state of the past is that of the version asked for',
    () => `${world.nameOf(session.id)} at ${version} was given as ${state.version}`,
  )
  world.claims.push({ state, where: `look at ${world.nameOf(session.id)}@${version}` })
}

const rewind: Run = async (process, world) => {
  const { session } = inHand(process, world)
  await session.rewind({ to: 1 + world.chance.whole(session.version) })
}

const merge: Run = async (process, world) => {
  const { session } = inHand(process, world)
  const { chance } = world
  const of = (): 'ours' | 'theirs' | 'union' | 'fail' =>
    chance.oneOf(['ours', 'theirs', 'union', 'fail'] as const)
  await session.merge(sessionIdOf(world), { policies: { tasks: of(), context: of(), decisions: of() } })
}

const verify: Run = async (process, world) => {
  const id = sessionIdOf(world)
  const { ok, sessions } = await process.waymark.verify(id)
  world.hold(
    ok,
    'verification finds nothing in what was recorded as it is',
    () =>
      `verification of ${world.nameOf(id)} found ${JSON.stringify(sessions.flatMap(({ problems }) => problems))}`,
  )
}

/** Snapshots are a cache: whichever are dropped, nothing is lost. */
const compact: Run = async (process, world) => {
  const odd = world.chance.whole(2)
  await process.waymark.log.compact({ dropSnapshot: ({ version }) => version % 2 === odd })
}

/** Ends well, and starts again. */
const reopen: Run = async (process) => {
  await process.close()
}

const ofMerges: readonly ErrorCode[] = [
  ...ofHolders,
  'MERGE_CONFLICT',
  'NO_COMMON_ANCESTOR',
  'COMMAND_INVALID',
  'USAGE',
]

export const operations: readonly Operation[] = [
  operation('begin a session', 4, roomForMore, begin),
  operation('open a session', 8, anySession, open),
  operation('send a command', 40, sessionInHand, send, [...ofHolders, 'VERSION_CONFLICT']),
  operation('send commands together', 6, sessionInHand, sendTogether),
  operation('send a command again', 10, sentBefore, sendAgain, [...ofHolders]),
  operation('send another command under a used id', 2, sessionInHand, reuseId),
  operation('take a checkpoint', 4, sessionInHand, checkpoint, ofHolders),
  operation(
    'fork a session',
    5,
    (process, world) => roomForMore(process, world) && process.held.length > 0,
    fork,
    ['USAGE', 'COMMAND_REFUSED'],
  ),
  operation('hand a session off', 3, sessionInHand, handOff, [...ofHolders, 'HANDOFF_INVALID']),
  operation('accept a handoff', 12, (process, world) => offeredTo(process, world).length > 0, accept, [
    ...ofHolders,
    'HANDOFF_INVALID',
  ]),
  operation('recover a session', 2, anySession, recover, ['LIMIT_REACHED', 'COMMAND_REFUSED']),
  operation('refresh', 3, sessionInHand, refresh),
  operation('look back', 4, sessionInHand, lookBack),
  operation('rewind', 2, sessionInHand, rewind, [...ofHolders, 'USAGE', 'COMMAND_INVALID']),
  operation('merge', 3, sessionInHand, merge, ofMerges),
  operation('verify a session', 1, anySession, verify),
  operation('drop snapshots', 1, anySession, compact),
  operation('close its home', 1, () => true, reopen),
]

/** A session over the store: what people use it for, from end to end. */
import { stateHash } from '../../../fold/fold.ts'
import { seeded } from '../../../kernel/clock.ts'
import type { EventLog } from '../../../log/port.ts'
import { planRecovery } from '../../../replay/recover.ts'
import { verifyLog } from '../../../replay/verify/verify.ts'
import { Waymark } from '../../../session/waymark.ts'
import { expectCode, expectFields, expectSame, expectThat } from '../expectation.ts'
import { read, versions } from '../samples.ts'
import { group, type StoreCheck, type StoreUnderTest } from '../under-test.ts'
import { handles } from './writers.ts'

export const sessionChecks: readonly StoreCheck[] = group('sessions', [
  { name: 'that expect a version are let in at that version alone', run: expectedVersion },
  { name: 'send a command again and get the same answer', run: sendAgain },
  { name: 'forked, go their own ways, verify, and recover to the same state', run: forkAndRecover },
  {
    name: 'opened on several handles, all send, none in vain',
    needs: 'several handles',
    run: async (store) => manyOpened(await handles(store)),
  },
])

async function home(log: EventLog, seed = 5): Promise<Waymark> {
  return Waymark.open({ store: log, ...seeded(seed) })
}

const task = (taskId: string) => ({ type: 'task.add', taskId, title: `task ${taskId}` }) as const

async function expectedVersion({ log }: StoreUnderTest): Promise<void> {
  const session = await (await home(log)).createSession()
  const { version } = session.state
  await session.send(task('A'), { expectedVersion: version })
  const stale = async () => session.send(task('B'), { expectedVersion: version })
  await expectCode(stale, 'VERSION_CONFLICT', 'a command that expects an older version')
  expectSame((await log.stream(session.id))?.version, session.state.version, 'version after the conflict')
  await session.send(task('B'), { expectedVersion: session.state.version })
  expectSame(Object.keys(session.state.tasks), ['A', 'B'], 'tasks')
}

async function sendAgain({ log }: StoreUnderTest): Promise<void> {
  const waymark = await home(log)
  const session = await waymark.createSession()
  const first = await session.send(task('A'), { commandId: 'add-A' })
  const later = await waymark.openSession(session.id)
  const again = await later.send(task('A'), { commandId: 'add-A' })
  expectSame(again.events, first.events, 'the answer to a command sent again')
  const reused = async () => later.send(task('B'), { commandId: 'add-A' })
  await expectCode(reused, 'COMMAND_ID_REUSED', 'another command under the same id')
  expectSame((await log.stream(session.id))?.version, first.version, 'version of the stream')
}

async function forkAndRecover({ log }: StoreUnderTest): Promise<void> {
  const waymark = await home(log)
  const session = await waymark.createSession()
  const added = await session.send(task('A'))
  await session.send({ type: 'task.start', taskId: 'A' })
  const fork = await session.fork({ at: added.version })
  await fork.send(task('F'))
  await session.send({ type: 'task.complete', taskId: 'A' })
  for (const { id, state } of [session, fork]) {
    expectFields(await verifyLog(log, id), { ok: true }, 'verification')
    const recovered = await planRecovery(log, id)
    expectSame(stateHash(recovered.state), stateHash(state), 'hash of the recovered state')
  }
  expectSame(Object.keys(session.state.tasks), ['A'], 'tasks of the parent')
  expectSame(Object.keys(fork.state.tasks), ['A', 'F'], 'tasks of the fork')
}

async function manyOpened(logs: readonly EventLog[]): Promise<void> {
  const homes = await Promise.all(logs.map(async (log, index) => home(log, index + 5)))
  const [first] = homes
  expectThat(first !== undefined, 'a handle')
  const { id } = await first.createSession()
  const sessions = await Promise.all(homes.map(async (waymark) => waymark.openSession(id)))
  const names = sessions.flatMap((_, writer) => ['x', 'y', 'z'].map((name) => `${writer}${name}`))
  await Promise.all(names.map(async (name) => sessions[Number(name[0])]?.send(task(name))))
  for (const { log } of homes) {
    const events = await read(log, id)
    expectSame(
      versions(events),
      events.map((_, index) => index + 1),
      'versions, without gaps',
    )
    expectFields(await verifyLog(log, id), { ok: true }, 'verification')
  }
  const { state } = await first.openSession(id)
  expectSame(Object.keys(state.tasks).toSorted(), names.toSorted(), 'tasks of all writers')
}

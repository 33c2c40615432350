/**
 * Goal: a session that continues another one begins with what that one knew, whole or not at all. Method: real sessions in a log in
 * memory and in a real home, continued; what the new one holds is compared with the old one, and its transactions are counted.
 */
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { historyCommands } from '../../src/session/load-history.ts'
import type { OpenOptions } from '../../src/session/open-host.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { findBetterSqlite3 } from '../../src/store/sqlite/better-sqlite3.ts'
import { findNodeSqlite } from '../../src/store/sqlite/node-sqlite.ts'
import { temporaryHome } from '../support/processes.ts'

const removals: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const remove of removals.splice(0)) await remove()
})

async function opened(options: OpenOptions = {}) {
  const waymark = await Waymark.open({ store: new MemoryLog(), ...options })
  return { waymark, session: await waymark.createSession({ title: 'first', windowTokens: 200_000 }) }
}

async function sendAll(session: Session, commands: readonly Parameters<Session['send']>[0][]): Promise<void> {
  await Promise.all(commands.map((command) => session.send(command)))
}

function itemOf(tag: string, tier: 'critical' | 'supporting' | 'temporary', content: string) {
  return { type: 'context.add', tag, tier, category: 'reference.project', content } as const
}

/** Warnings of this process, until the test ends. */
function warnings(): readonly string[] {
  const told: string[] = []
  const listen = (warning: Error): void => void told.push(warning.message)
  process.on('warning', listen)
  onTestFinished(() => void process.off('warning', listen))
  return told
}

const told = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a session that continues another', () => {
  it('has its decisions, SPECs, milestones and variables, in their order, and the brief says them', async () => {
    const { waymark, session } = await opened()
    await sendAll(session, [
      { type: 'focus.change', objectives: ['log in'], nextStep: 'hash', variables: { branch: 'login' } },
      { type: 'decision.record', text: 'scrypt', reason: 'bcrypt cuts at 72 bytes' },
      { type: 'decision.record', text: 'SQLite' },
      { type: 'spec.update', specId: 'SPEC-002', title: 'Users', phase: 'GREEN', progressPercent: 40 },
      { type: 'spec.update', specId: 'SPEC-001', nextStep: 'the reset page' },
      { type: 'spec.update', specId: 'SPEC-001', status: 'completed', completedStep: 'the form' },
      { type: 'spec.update', specId: 'SPEC-001', completedStep: 'the page' },
      {
        type: 'milestone.update',
        milestoneId: 'M1',
        title: 'First login',
        specId: 'SPEC-001',
        status: 'reached',
      },
    ])
    const next = await waymark.createSession({ continuesSessionId: session.id })
    const before = session.state.knowledge
    const { knowledge } = next.state
    expect(knowledge.focus).toEqual(before.focus)
    expect(knowledge.decisions.map(({ text, reason }) => [text, reason])).toEqual([
      ['scrypt', 'bcrypt cuts at 72 bytes'],
      ['SQLite', null],
    ])
    const without = (all: object): object =>
      JSON.parse(
        JSON.stringify(all, (key, value) => (['version', 'reachedAt'].includes(key) ? undefined : value)),
      )
    expect(without(knowledge.specs)).toEqual(without(before.specs))
    expect(without(knowledge.milestones)).toEqual(without(before.milestones))
    const { text } = await next.brief({ level: 3 })
    for (const words of [
      'scrypt (bcrypt',
      '- SQLite',
      'SPEC-002, Users: active, phase GREEN',
      'milestone M1',
      '- branch: login',
    ])
      expect(text).toContain(words)
  })

  it('is told of the open tasks that stay behind, or has them', async () => {
    const { waymark, session } = await opened()
    await sendAll(session, [
      { type: 'task.add', taskId: 'EPIC', title: 'Log in', description: 'all of it', specId: 'SPEC-001' },
      { type: 'task.add', taskId: 'B', title: 'Reset page', parentTaskId: 'EPIC' },
      { type: 'task.add', taskId: 'A', title: 'Hash passwords', parentTaskId: 'EPIC' },
      { type: 'task.describe', taskId: 'B', dependsOn: ['A'] },
      { type: 'task.add', taskId: 'DONE', title: 'Form' },
      { type: 'task.add', taskId: 'HELD', title: 'Deploy', parentTaskId: 'DONE', dependsOn: ['DONE', 'A'] },
      { type: 'task.add', taskId: 'NOT', title: 'Never' },
      { type: 'task.start', taskId: 'A' },
      { type: 'task.start', taskId: 'DONE' },
      { type: 'task.complete', taskId: 'DONE' },
      { type: 'task.cancel', taskId: 'NOT' },
      { type: 'task.block', taskId: 'HELD', on: { kind: 'permission', detail: 'of the owner', ids: ['x'] } },
      { type: 'decision.record', text: 'scrypt', taskId: 'A' },
    ])
    const alone = await waymark.createSession({ continuesSessionId: session.id })
    expect(alone.state.tasks).toEqual({})
    expect(alone.state.knowledge.decisions[0]?.taskId).toBeNull()
    const brief = await alone.brief()
    expect(brief.text).toContain(
      `waymark brief ${session.id.slice(0, 13)} (first):\nIts open tasks:\n- in progress: A, Hash`,
    )
    expect(brief.text).toContain('- blocked: HELD, Deploy (waits for permission x of the owner)')
    expect(brief.text).not.toContain('Never')

    const next = await waymark.createSession({ continuesSessionId: session.id, tasks: 'open' })
    const { tasks } = next.state
    expect(Object.keys(tasks).sort()).toEqual(['A', 'B', 'EPIC', 'HELD'])
    expect(tasks.EPIC).toMatchObject({ description: 'all of it', specId: 'SPEC-001', status: 'pending' })
    expect(tasks.B).toMatchObject({ parentTaskId: 'EPIC', dependsOn: ['A'] })
    expect(tasks.A).toMatchObject({ parentTaskId: 'EPIC', status: 'pending', attempts: 0 })
    expect(tasks.HELD).toMatchObject({
      parentTaskId: null,
      dependsOn: ['A'],
      status: 'blocked',
      blockedOn: { kind: 'permission', detail: 'of the owner', ids: ['x'] },
    })
    expect(next.state.knowledge.decisions[0]?.taskId).toBe('A')
    expect((await next.brief()).text).not.toContain('Its open tasks')
  })

  it('takes up the other one at the version that is named', async () => {
    const { waymark, session } = await opened()
    await session.send({ type: 'decision.record', text: 'scrypt' })
    const { version } = await session.send({ type: 'task.add', taskId: 'A', title: 'first' })
    await session.send({ type: 'decision.record', text: 'regretted' })
    await session.send({ type: 'task.add', taskId: 'B', title: 'later' })
    const options = { continuesSessionId: session.id, tasks: 'open' } as const
    const next = await waymark.createSession({ ...options, continuesVersion: version })
    expect(next.state.knowledge.decisions.map(({ text }) => text)).toEqual(['scrypt'])
    expect(Object.keys(next.state.tasks)).toEqual(['A'])
    expect((await next.brief()).text).not.toContain('regretted')
    await expect(waymark.createSession({ ...options, continuesVersion: 999 })).rejects.toMatchObject({
      code: 'VERSION_NOT_FOUND',
    })
  })

  it('has every critical item, however many, and the newest of the others', async () => {
    const { waymark, session } = await opened({ settings: { contextPreservation: 'all' } })
    const critical = limits.carriedItemsMax + 300
    await sendAll(session, [
      ...Array.from({ length: critical }, (_, n) => itemOf(`@C${n}`, 'critical', `rule ${n}`)),
      ...Array.from({ length: limits.carriedItemsMax + 20 }, (_, n) =>
        itemOf(`@S${n}`, 'supporting', `page ${n}`),
      ),
    ])
    const next = await waymark.createSession({ continuesSessionId: session.id })
    const tags = Object.keys(next.state.context.items)
    expect(tags.filter((tag) => tag.startsWith('@C'))).toHaveLength(critical)
    expect(tags.filter((tag) => tag.startsWith('@S'))).toHaveLength(limits.carriedItemsMax)
    expect(tags).toContain(`@S${limits.carriedItemsMax + 19}`)
    expect(tags).not.toContain('@S0')
  })

  it('carries what its own configuration says, before that of the settings', async () => {
    const { waymark, session } = await opened()
    await sendAll(session, [itemOf('@C', 'critical', 'c'), itemOf('@S', 'supporting', 's')])
    const carried = async (contextPreservation?: 'all' | 'critical_only') => {
      const configuration =
        contextPreservation === undefined ? {} : { configuration: { contextPreservation } }
      const next = await waymark.createSession({ continuesSessionId: session.id, ...configuration })
      return Object.keys(next.state.context.items)
    }
    expect(await carried()).toEqual(['@C'])
    expect(await carried('all')).toEqual(['@C', '@S'])
  })
})

describe('beginning with a history', () => {
  it('is one transaction: without a place for it, no session is left behind', async () => {
    const { home, remove } = await temporaryHome()
    removals.push(remove)
    const waymark = await Waymark.open({ home, settings: { maxParallelSessions: 1 } })
    removals.unshift(async () => waymark.close())
    const session = await waymark.createSession()
    await sendAll(
      session,
      Array.from({ length: 700 }, (_, n) => itemOf(`@C${n}`, 'critical', `rule ${n}`)),
    )
    await expect(waymark.createSession({ continuesSessionId: session.id })).rejects.toMatchObject({
      code: 'LIMIT_REACHED',
    })
    const ids: string[] = []
    for await (const { sessionId } of waymark.sessions()) ids.push(sessionId)
    expect(ids).toEqual([session.id])
  })

  it('keeps the tokens of a summary, and leaves out what is refused with a warning', async () => {
    const { waymark, session } = await opened({ settings: { contextPreservation: 'all' } })
    const guide = Array.from({ length: 90 }, (_, line) => `Step ${line}: check it by hand.`).join('\n')
    await session.send({ ...itemOf('@G', 'supporting', guide), tokens: 300 })
    await session.send({ type: 'context.summarize', tag: '@G', summary: guide.slice(0, 2_000), tokens: 150 })
    const heard = warnings()
    const next = await waymark.createSession({ continuesSessionId: session.id })
    expect(next.state.context.items['@G']).toMatchObject({
      status: 'summarized',
      summaryTokens: 150,
      tokens: 300,
    })
    await told()
    expect(heard).toEqual([])

    // Weighed anew, this summary would take more than its own original: the item comes whole.
    await session.send(itemOf('@H', 'supporting', 'short'))
    await session.send({ type: 'context.summarize', tag: '@H', summary: 'longer than it', tokens: 1 })
    const other = await waymark.createSession({ continuesSessionId: session.id })
    expect(other.state.context.items['@H']?.status).toBe('kept')
    expect(other.state.context.items['@G']?.status).toBe('summarized')
    await told()
    expect(heard).toEqual([
      expect.stringContaining('1 of what it continues was not taken over: context.summarize'),
    ])
  })

  it('goes on without a session that cannot be read, and says so', async () => {
    const { home, remove } = await temporaryHome()
    removals.push(remove)
    const first = await Waymark.open({ home })
    const session = await first.createSession()
    await session.send({ type: 'focus.change', objectives: ['o'] })
    await first.close()
    await tamper(`${home}/sessions/waymark.db`)
    const waymark = await Waymark.open({ home })
    removals.unshift(async () => waymark.close())
    const heard = warnings()
    const next = await waymark.createSession({ continuesSessionId: session.id, title: 'next' })
    expect(next.state).toMatchObject({ continuesSessionId: session.id, title: 'next', status: 'active' })
    expect(next.state.knowledge.focus.objectives).toEqual([])
    expect((await next.brief()).text).toContain(`- Continues: ${session.id}`)
    await told()
    expect(heard).toEqual([expect.stringContaining(`nothing is taken over from session ${session.id}: `)])
  })
})

describe('the commands of a history', () => {
  it('are the same whatever order the keys of state stand in, and accepted one after the other', async () => {
    const { waymark, session } = await opened()
    await sendAll(session, [
      ...Array.from(
        { length: 20 },
        (_, n) => ({ type: 'task.add', taskId: `T${n}`, title: `t ${n}` }) as const,
      ),
      ...Array.from(
        { length: 20 },
        (_, n) => ({ type: 'spec.update', specId: `S${n}`, completedStep: 'one' }) as const,
      ),
      itemOf('@A', 'critical', 'a'),
      itemOf('@B', 'critical', 'b'),
    ])
    const options = { preservation: 'all', tasks: 'open' } as const
    const { state } = session
    const reversed = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(Object.entries(all).reverse())
    const knowledge = { ...state.knowledge, specs: reversed(state.knowledge.specs) }
    const context = { ...state.context, items: reversed(state.context.items) }
    const other = { ...state, tasks: reversed(state.tasks), knowledge, context }
    const commands = historyCommands(state, options)
    expect(historyCommands(other, options)).toEqual(commands)
    const next = await waymark.createSession()
    for (const command of commands) await next.send(command)
    expect(Object.keys(next.state.tasks)).toHaveLength(20)
  })
})

/** Changes the second event of a store behind its back. */
async function tamper(path: string): Promise<void> {
  const found = [findNodeSqlite(), await findBetterSqlite3()].find((one) => 'driver' in one)
  if (found === undefined || !('driver' in found)) throw new Error('no SQLite to tamper with')
  const connection = found.driver.open(path, 'read-write')
  connection.exec(`UPDATE events SET data = '{}'`)
  connection.close()
}

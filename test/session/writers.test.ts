/**
 * Goal: a place is held by whoever writes, as long as it lives, and by nobody else.
 * Method: real homes; the note of live writers is read back from the store.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { processStartOf } from '../../src/session/process-start.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { liveWriters, writersKey } from '../../src/session/writers.ts'
import { temporaryHome } from '../support/processes.ts'

const removals: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const remove of removals.splice(0)) await remove()
})

async function newHome(): Promise<string> {
  const { home, remove } = await temporaryHome()
  removals.unshift(remove)
  return home
}

async function opened(home: string): Promise<Waymark> {
  const waymark = await Waymark.open({ home })
  removals.unshift(async () => waymark.close())
  return waymark
}

async function noted(waymark: Waymark): Promise<readonly unknown[]> {
  const note: unknown = JSON.parse((await waymark.log.bookmark(writersKey)) ?? '[]')
  return Array.isArray(note) ? note : []
}

async function note(waymark: Waymark, writers: readonly object[]): Promise<void> {
  await waymark.log.transact((transaction) => transaction.putBookmark(writersKey, JSON.stringify(writers)))
}

describe('a place', () => {
  it('is not taken by a session that is refused at its start', async () => {
    const waymark = await opened(await newHome())
    for (let count = 0; count < 4; count++) {
      const refused = waymark.createSession({ windowTokens: 1_000, configuration: { reserveTokens: 5_000 } })
      await expect(refused).rejects.toMatchObject({ code: expect.stringMatching(/REFUSED|INVALID/) })
    }
    expect(await noted(waymark)).toEqual([])
    await waymark.createSession({ windowTokens: 1_000 })
    expect(await noted(waymark)).toHaveLength(1)
  })

  it('is not taken by commands that are refused, or that were recorded before', async () => {
    const home = await newHome()
    const first = await opened(home)
    const { id } = await first.createSession()
    const add = { type: 'task.add', taskId: 'A', title: 'a' } as const
    await (await first.openSession(id)).send(add, { commandId: 'one' })
    await first.close()
    const second = await opened(home)
    const session = await second.openSession(id)
    for (let count = 0; count < 5; count++) {
      await expect(session.send({ type: 'task.start', taskId: 'nope' })).rejects.toThrow()
    }
    expect((await session.send(add, { commandId: 'one' })).repeated).toBe(true)
    expect(await noted(second)).toEqual([])
  })

  it('is noted once for a session, however many objects write it', async () => {
    const waymark = await opened(await newHome())
    const session = await waymark.createSession()
    const again = await waymark.openSession(session.id)
    await again.send({ type: 'task.add', taskId: 'A', title: 'a' })
    await session.send({ type: 'session.end' })
    await again.send({ type: 'session.resume' })
    expect(await noted(waymark)).toHaveLength(1)
  })

  it('is given back when the home is closed', async () => {
    const home = await newHome()
    for (let turn = 0; turn < 4; turn++) {
      const waymark = await Waymark.open({ home })
      await waymark.createSession()
      await waymark.close()
    }
    expect(await noted(await opened(home))).toEqual([])
  })
})

describe('where all places are taken', () => {
  async function full(): Promise<{ readonly free: Waymark; readonly sessionId: string }> {
    const home = await newHome()
    const first = await opened(home)
    const { id: sessionId } = await first.createSession({ agent: 'a' })
    await first.close()
    const others = await opened(home)
    for (let count = 0; count < others.settings.maxParallelSessions; count++) await others.createSession()
    return { free: await opened(home), sessionId }
  }

  it('no fork is begun, and none is left behind', async () => {
    const { free, sessionId } = await full()
    await expect(free.fork(sessionId)).rejects.toMatchObject({ code: 'LIMIT_REACHED' })
    const forks = []
    for await (const one of free.sessions()) if (one.forkedFrom !== null) forks.push(one)
    expect(forks).toEqual([])
  })

  it('no session is offered, and none is left half offered', async () => {
    const { free, sessionId } = await full()
    const session = await free.openSession(sessionId)
    const { version } = session
    await expect(session.handOff({ toAgent: 'b' })).rejects.toMatchObject({ code: 'LIMIT_REACHED' })
    expect((await session.refresh()).version).toBe(version)
  })

  it('a session is recovered all the same, and takes none', async () => {
    const { free, sessionId } = await full()
    const before = await noted(free)
    expect((await free.recover(sessionId)).recorded).toBe(true)
    expect(await noted(free)).toEqual(before)
  })
})

describe('a fork', () => {
  it('takes a place, and gives it back when it ends', async () => {
    const waymark = await opened(await newHome())
    const session = await waymark.createSession()
    const fork = await session.fork()
    expect(await noted(waymark)).toHaveLength(2)
    await fork.send({ type: 'session.end' })
    expect(await noted(waymark)).toHaveLength(1)
  })
})

describe('a session that is offered', () => {
  it('gives its place back', async () => {
    const waymark = await opened(await newHome())
    const session = await waymark.createSession({ agent: 'a' })
    await session.handOff({ toAgent: 'b' })
    expect(await noted(waymark)).toEqual([])
  })
})

describe('a writer', () => {
  const sessionId = 'sess_00000000-0000-4000-8000-000000000000'

  it.runIf(existsSync('/proc/self/stat'))(
    'whose number another process has by now holds no place',
    async () => {
      const waymark = await opened(await newHome())
      const start = processStartOf(process.pid)
      expect(start).not.toBeNull()
      const other = { sessionId, holder: 'gone', pid: process.pid, start: `${start}0` }
      await note(waymark, [other, { ...other, holder: 'here', start }])
      const live = liveWriters(await waymark.log.bookmark(writersKey))
      expect(live.map(({ holder }) => holder)).toEqual(['here'])
    },
  )

  it.runIf(existsSync('/proc/self/stat'))(
    'that has ended holds no place, though its number is there',
    async () => {
      // The shell becomes a process that never asks what became of the child it was given.
      const parent = spawn('/bin/sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'])
      removals.unshift(async () => void parent.kill('SIGKILL'))
      const [line] = (await once(parent.stdout, 'data')) as [Buffer]
      const pid = Number(line.toString())
      const start = processStartOf(pid)
      const waymark = await opened(await newHome())
      await note(waymark, [{ sessionId, holder: 'ended', pid, start }])
      expect(liveWriters(await waymark.log.bookmark(writersKey))).toHaveLength(1)
      await vi.waitFor(() => expect(processStartOf(pid)).toBe('ended'), 5_000)
      expect(liveWriters(await waymark.log.bookmark(writersKey))).toEqual([])
    },
  )

  it('of which no start is known is judged by its number alone', async () => {
    const waymark = await opened(await newHome())
    await note(waymark, [{ sessionId, holder: 'old', pid: process.pid }])
    expect(liveWriters(await waymark.log.bookmark(writersKey))).toHaveLength(1)
  })

  it('notes its start with its number', async () => {
    const waymark = await opened(await newHome())
    const session = await waymark.createSession()
    expect(await noted(waymark)).toEqual([
      {
        sessionId: session.id,
        holder: expect.any(String),
        pid: process.pid,
        start: processStartOf(process.pid),
      },
    ])
  })
})

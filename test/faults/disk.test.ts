/**
 * Goal: whatever call on the store's files fails, whoever asked is told so with a code and what to do, nothing is there by half, what was
 * not acknowledged is not reported as there, and the next write works in the same process once the fault is gone. Method: one process,
 * told what to do; before it does, one call or all calls from one on are made to fail, one after the other through all there are.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type CallKind,
  type Fate,
  type Interposer,
  interposerIn,
  missing,
  titled,
} from '../support/interposer.ts'
import { temporaryHome } from '../support/processes.ts'
import { expectFault, type Remote, startRemote } from './support.ts'

const store = '*/waymark.db*'
const changes: readonly CallKind[] = ['open-write', 'write', 'fsync', 'truncate', 'unlink', 'mkdir']
const anyFault = ['STORE_FULL', 'STORE_FAILED', 'HOME_NOT_WRITABLE'] as const

const eventsShape = z.array(z.object({ version: z.number(), commandId: z.string(), type: z.string() }))

/** A process with a home, and a session in it. */
async function served(): Promise<{
  readonly remote: Remote
  readonly home: string
  readonly folder: string
  readonly disk: Interposer
  readonly send: (n: number) => Promise<unknown>
  /** The calls that a piece of work leads to, each as `number kind path`. */
  readonly traced: (
    work: () => Promise<unknown>,
    path?: string,
    calls?: readonly CallKind[],
  ) => Promise<readonly string[]>
  readonly end: () => Promise<string>
}> {
  const { home, remove } = await temporaryHome()
  const folder = dirname(home)
  const disk = interposerIn(folder)
  const remote = startRemote(home, disk.environment)
  let traces = 0
  return {
    remote,
    home,
    folder,
    disk,
    send: async (n) => remote.ask('send', sending(n)),
    traced: async (work, path = store, calls = changes) => {
      const trace = join(folder, `trace-${traces++}`)
      disk.order({ path, calls, trace })
      await work()
      disk.order({})
      return readFileSync(trace, 'utf8').trimEnd().split('\n')
    },
    end: async () => {
      const stderr = await remote.end()
      await remove()
      return stderr
    },
  }
}

const sending = (n: number) => ({
  command: { type: 'task.add', taskId: `t-${n}`, title: `task ${n}` },
  commandId: `c-${n}`,
})

/** The version of each command's event; each is there once, and no version is missing. */
async function recorded(remote: Remote): Promise<ReadonlyMap<string, number>> {
  const events = eventsShape.parse(await remote.ask('events'))
  expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1))
  const tasks = events.filter(({ type }) => type === 'task.added')
  const byCommand = new Map(tasks.map(({ commandId, version }) => [commandId, version]))
  expect(byCommand.size).toBe(tasks.length)
  return byCommand
}

/** Some of many, evenly: all of them with `WAYMARK_CRASH_POINTS=all`. */
function some<T>(all: readonly T[], most: number): readonly T[] {
  const every = process.env.WAYMARK_CRASH_POINTS === 'all' ? 1 : Math.max(1, all.length / most)
  return all.filter((_, index) => Math.floor((index + 1) / every) > Math.floor(index / every))
}

function numberOf(call: string): number {
  return Number(call.split(' ')[0])
}

describe.skipIf(missing !== null)(titled('a call of the system that fails'), { timeout: 120_000 }, () => {
  it('while a command is recorded: it is refused with a reason, is not there, and is recorded when sent again', async () => {
    const { remote, disk, send, traced, end } = await served()
    await remote.ask('open', { options: { memoryFiles: false } })
    await remote.ask('begin')
    await send(0)
    const calls = await traced(() => send(1))
    expect(calls.map((call) => call.split(' ')[1])).toEqual(expect.arrayContaining(['write', 'fsync']))
    let n = 2
    const faults: readonly (readonly [Fate, readonly string[]])[] = [
      ['ENOSPC', ['STORE_FULL', 'STORE_FAILED']],
      ['EIO', ['STORE_FAILED']],
      ['EDQUOT', ['STORE_FAILED']],
      ['EROFS', ['STORE_FAILED', 'HOME_NOT_WRITABLE']],
    ]
    for (const [fate, codes] of faults) {
      for (const call of calls) {
        const isWrite = call.split(' ')[1] === 'write'
        disk.order({ path: store, calls: changes, at: numberOf(call), count: n % 2 === 0 ? 1 : -1, fate })
        const expected = fate === 'ENOSPC' && isWrite ? ['STORE_FULL'] : codes
        await expectFault(send(n), expected, `${fate} at ${call}`)
        disk.order({})
        expect((await recorded(remote)).has(`c-${n}`), `${fate} at ${call}`).toBe(false)
        await send(n)
        n += 1
      }
    }
    // Half of a write is no fault: the other half follows.
    disk.order({ path: store, calls: ['write'], at: 1, count: -1, fate: 'short' })
    await send(n)
    disk.order({})
    expect((await recorded(remote)).size).toBe(n + 1)
    expect(await remote.ask('verify')).toBe(true)
    await remote.ask('close')
    expect(await end()).toBe('')
  })

  it('while many commands share a transaction: each is told for itself, and each is there once in the end', async () => {
    const { remote, disk, traced, end } = await served()
    await remote.ask('open', { options: { memoryFiles: false } })
    await remote.ask('begin')
    const bunch = (from: number) => ({ commands: Array.from({ length: 6 }, (_, n) => sending(from + n)) })
    const calls = await traced(() => remote.ask('send-all', bunch(0)))
    let from = 6
    let failed = 0
    for (const call of some(calls, 12)) {
      for (const count of [1, 3, -1]) {
        disk.order({ path: store, calls: changes, at: numberOf(call), count, fate: 'EIO' })
        const outcomes = z
          .array(z.union([z.number(), z.string()]))
          .parse(await remote.ask('send-all', bunch(from)))
        disk.order({})
        const told = await recorded(remote)
        for (const [n, outcome] of outcomes.entries()) {
          expect(told.get(`c-${from + n}`), `${count} from ${call}: ${outcome}`).toBe(
            typeof outcome === 'number' ? outcome : undefined,
          )
          if (typeof outcome === 'string') expect(outcome).toBe('STORE_FAILED')
        }
        failed += outcomes.filter((outcome) => typeof outcome === 'string').length
        await remote.ask('send-all', bunch(from))
        from += 6
      }
    }
    expect(failed).toBeGreaterThan(0)
    expect((await recorded(remote)).size).toBe(from)
    expect(await remote.ask('verify')).toBe(true)
    await end()
  })

  it('at an fsync, before the process dies: the event is there as a whole or not at all, and never twice', async () => {
    const { remote, disk, home, folder, send, end } = await served()
    await remote.ask('open', { options: { memoryFiles: false } })
    const sessionId = await remote.ask('begin')
    disk.order({ path: store, calls: ['fsync'], at: 1, count: -1, fate: 'EIO' })
    await expectFault(send(0), ['STORE_FAILED'], 'the fsync of the log')
    expect((await recorded(remote)).size).toBe(0)
    await remote.kill()
    const after = startRemote(home, interposerIn(folder).environment)
    await after.ask('open', { options: { memoryFiles: false } })
    await after.ask('open-session', { sessionId })
    const before = await recorded(after)
    const version = await after.ask('send', sending(0))
    expect(before.get('c-0') ?? version).toBe(version)
    expect(await recorded(after)).toEqual(new Map([['c-0', version]]))
    expect(await after.ask('verify')).toBe(true)
    await after.end()
    await end()
  })

  it('while a home is made: it is told, and made once the fault is gone', async () => {
    const { remote, disk, home, folder, traced, end } = await served()
    const everything = join(folder, '*')
    const opening = (n: string) =>
      remote.ask('open', { options: { home: join(folder, n, '.moai'), memoryFiles: false } })
    const calls = await traced(() => opening('whole'), everything)
    expect(calls.length).toBeGreaterThan(20)
    let told = 0
    for (const [fate, most] of [
      ['ENOSPC', 18],
      ['EIO', 6],
      ['EROFS', 6],
    ] as const) {
      for (const call of some(calls, most)) {
        disk.order({ path: everything, calls: changes, at: numberOf(call), count: -1, fate })
        const name = `${fate}-${numberOf(call)}`
        const outcome = await opening(name).then(
          () => null,
          (error: unknown) => error,
        )
        disk.order({})
        if (outcome !== null) {
          await expectFault(Promise.reject(outcome), anyFault, `${fate} from ${call}`)
          told += 1
          await opening(name)
        }
        await remote.ask('begin')
        expect(await remote.ask('verify'), name).toBe(true)
        await remote.ask('close')
      }
    }
    expect(told).toBeGreaterThan(10)
    expect(home).not.toBe('')
    await end()
  })

  it('while a home is read: it is told, and the home is read again once the fault is gone', async () => {
    const { remote, disk, send, traced, end } = await served()
    const open = () => remote.ask('open', { options: { readOnly: true } })
    await remote.ask('open', { options: { memoryFiles: false } })
    const sessionId = await remote.ask('begin')
    for (let n = 0; n < 20; n++) await send(n)
    await remote.ask('close')
    const look = async () => {
      await open()
      await remote.ask('open-session', { sessionId })
      return recorded(remote)
    }
    const calls = await traced(look, store, ['read'])
    const expected = await look()
    expect(expected.size).toBe(20)
    for (const call of some(calls, 20)) {
      disk.order({ path: store, calls: ['read'], at: numberOf(call), count: -1, fate: 'EIO' })
      // SQLite takes an unreadable page for a damaged one.
      await expectFault(look(), ['STORE_FAILED', 'DAMAGED_RECORD'], `EIO from ${call}`)
      disk.order({})
      expect(await look()).toEqual(expected)
    }
    await end()
  })

  it('while the store is made smaller, or closed: every event is as it was', async () => {
    const { remote, disk, send, traced, end } = await served()
    await remote.ask('open', { options: { memoryFiles: false } })
    const sessionId = await remote.ask('begin')
    for (let n = 0; n < 20; n++) await send(n)
    const expected = await recorded(remote)
    const calls = await traced(() => remote.ask('compact'))
    for (const call of some(calls, 12)) {
      disk.order({ path: store, calls: changes, at: numberOf(call), count: -1, fate: 'ENOSPC' })
      await remote
        .ask('compact')
        .catch((error: unknown) => expectFault(Promise.reject(error), anyFault, call))
      disk.order({})
      expect(await recorded(remote)).toEqual(expected)
      expect(await remote.ask('verify')).toBe(true)
    }
    for (const fate of ['ENOSPC', 'EIO'] as const) {
      await send(fate === 'EIO' ? 21 : 20)
      const before = await recorded(remote)
      disk.order({ path: store, calls: changes, at: 1, count: -1, fate })
      await remote.ask('close')
      disk.order({})
      await remote.ask('open', { options: { memoryFiles: false } })
      await remote.ask('open-session', { sessionId })
      expect(await recorded(remote)).toEqual(before)
    }
    expect(await end()).toBe('')
  })

  it('while old events are sealed: what was acknowledged stays, and the rest is recorded later', async () => {
    const { remote, disk, end } = await served()
    await remote.ask('open', { options: { memoryFiles: false } })
    await remote.ask('begin')
    const outcomes: unknown[] = []
    const perBurst = 150
    const bursts = 16
    const burst = async (at: number): Promise<unknown> =>
      remote.ask('send-all', {
        commands: Array.from({ length: perBurst }, (_, n) => sending(at * perBurst + n)),
      })
    for (let at = 0; at < bursts; at++) {
      // The disk is full while the first block is due.
      if (at === 13) disk.order({ path: store, calls: ['write'], at: 2, count: -1, fate: 'ENOSPC' })
      outcomes.push(...z.array(z.unknown()).parse(await burst(at)))
      disk.order({})
    }
    const refused = outcomes.filter((outcome) => typeof outcome === 'string')
    expect(new Set(refused)).toEqual(new Set(['STORE_FULL']))
    for (const [n, outcome] of outcomes.entries()) {
      if (typeof outcome === 'string') await remote.ask('send', sending(n))
    }
    expect((await recorded(remote)).size).toBe(perBurst * bursts)
    expect(await remote.ask('verify')).toBe(true)
    await remote.ask('close')
    expect(await end()).toBe('')
  })

  it('while memory files are written: the session goes on, no file is half, and the next write puts all right', async () => {
    const { remote, disk, send, folder, end } = await served()
    const files = join(folder, '.moai/sessions/*.tmp')
    const kinds = z.object({ files: z.array(z.object({ kind: z.string() })), ok: z.boolean() })
    await remote.ask('open')
    const sessionId = await remote.ask('begin')
    let n = 0
    for (const [fate, calls] of [
      ['ENOSPC', ['write']],
      ['EIO', ['fsync']],
      ['EROFS', ['open-write']],
      ['EIO', ['rename']],
    ] as const) {
      for (const at of [1, 3]) {
        disk.order({ path: files, calls, at, count: -1, fate })
        await send(n++)
        await remote.ask('checkpoint')
        await remote.ask('close')
        await remote.ask('open')
        await remote.ask('open-session', { sessionId })
        const found = kinds.parse(await remote.ask('memory-files'))
        expect(found.ok, `${fate} from ${at}`).toBe(false)
        expect(
          found.files.map(({ kind }) => kind).filter((kind) => !['ok', 'stale', 'missing'].includes(kind)),
        ).toEqual([])
        disk.order({})
        await send(n++)
        await remote.ask('close')
        await remote.ask('open')
        await remote.ask('open-session', { sessionId })
        expect(kinds.parse(await remote.ask('memory-files')).ok, `${fate} from ${at}`).toBe(true)
      }
    }
    expect(await remote.ask('verify')).toBe(true)
    const stderr = await end()
    expect(stderr).toContain('WAYMARK_MEMORY_FILES')
    expect(stderr).toContain('the log is not affected')
  })
})

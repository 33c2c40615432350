/**
 * Goal: on a disk that is really full, or may only be read, every verb says so or does what it can, nothing is lost, and with room again
 * all goes on. Method: the built command and the library on a file system of their own, filled to the last byte and mounted anew for
 * reading only; and where none can be mounted, the command with calls of the system that fail.
 */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { makePlace } from '../cli/support.ts'
import { interposerIn, missing, titled } from '../support/interposer.ts'
import { temporaryHome } from '../support/processes.ts'
import { expectFault, ownMounts, type Remote, startRemote } from './support.ts'

const endedShape = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() })
const failureShape = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }),
})

const addTask = (taskId: string) => JSON.stringify({ type: 'task.add', taskId, title: `task ${taskId}` })

/** A process on a small file system of its own. */
async function onOwnDisk(): Promise<{
  readonly remote: Remote
  readonly disk: string
  readonly remove: () => Promise<void>
}> {
  if ('missing' in ownMounts) throw new Error(ownMounts.missing)
  const { home, remove } = await temporaryHome()
  const disk = join(home, '..')
  const mount = ['sh', '-c', 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"', disk]
  return { remote: startRemote(home, {}, [...ownMounts.by, ...mount]), disk, remove }
}

async function run(remote: Remote, ...args: readonly string[]): Promise<z.infer<typeof endedShape>> {
  return endedShape.parse(await remote.ask('command', { args }))
}

/** What a verb says on stderr under `--json` when it ends with exit code 1. */
async function failureOf(remote: Remote, ...args: readonly string[]): Promise<string> {
  const { code, stderr } = await run(remote, ...args, '--json')
  expect([args[0], code]).toEqual([args[0], 1])
  return failureShape.parse(JSON.parse(stderr)).error.code
}

const title =
  'missing' in ownMounts ? `a disk of its own: skipped, ${ownMounts.missing}` : 'a disk of its own'

describe.skipIf('missing' in ownMounts)(title, { timeout: 120_000 }, () => {
  it('that is full: a process that writes is told, reads on, and writes on when there is room', async () => {
    const { remote, disk, remove } = await onOwnDisk()
    const ballast = join(disk, 'ballast')
    await remote.ask('take-room', { path: ballast, bytes: 1_000_000 })
    await remote.ask('open', { options: {} })
    await remote.ask('begin')
    const detail = 'x'.repeat(500)
    const send = async () =>
      z
        .number()
        .parse(await remote.ask('send', { command: { type: 'observation.record', kind: 'note', detail } }))
    let acknowledged = 0
    const sendUntilFull = async () => {
      for (let n = 0; n < 2_000; n++) acknowledged = await send()
    }
    await expectFault(sendUntilFull(), ['STORE_FULL'], 'a full disk')
    expect(acknowledged).toBeGreaterThan(10)
    expect(await remote.ask('version')).toBe(acknowledged)
    expect(await remote.ask('verify')).toBe(true)
    await remote.ask('free-disk', { path: ballast })
    expect(await send()).toBe(acknowledged + 1)
    await remote.ask('close')
    expect(await remote.end()).not.toContain('Error:')
    await remove()
  })

  it('that is full, or may only be read: verbs that look do, verbs that write say why', async () => {
    const { remote, disk, remove } = await onOwnDisk()
    await remote.ask('fill-disk', { path: join(disk, 'ballast') })
    expect(await failureOf(remote, 'init')).toBe('STORE_FULL')
    await remote.ask('free-disk', { path: join(disk, 'ballast') })
    const { stdout } = await run(remote, 'new')
    const sessionId = stdout.trim()
    await run(remote, 'send', sessionId, addTask('a'))
    await remote.ask('fill-disk', { path: join(disk, 'ballast') })
    expect((await run(remote, 'show', sessionId)).code).toBe(0)
    expect((await run(remote, 'verify')).code).toBe(0)
    expect(await failureOf(remote, 'send', sessionId, addTask('b'))).toBe('STORE_FULL')
    expect((await run(remote, 'doctor')).stdout).toContain('disk-almost-full')
    const bundle = await run(remote, 'export', sessionId, '--bundle', join(disk, 'session.waymark'))
    expect([bundle.code, bundle.stderr]).toEqual([1, expect.stringContaining('hint: free space')])
    await remote.ask('free-disk', { path: join(disk, 'ballast') })
    await remote.ask('mount', { options: 'remount,ro', path: disk })
    const log = await run(remote, 'log', sessionId)
    expect([log.code, log.stdout.trim().split('\n').length]).toEqual([0, 3])
    expect((await run(remote, 'verify')).code).toBe(0)
    expect(await failureOf(remote, 'send', sessionId, addTask('b'))).toBe('HOME_NOT_WRITABLE')
    expect(await failureOf(remote, 'recover', sessionId)).toBe('HOME_NOT_WRITABLE')
    await remote.ask('mount', { options: 'remount,rw', path: disk })
    expect((await run(remote, 'send', sessionId, addTask('b'))).code).toBe(0)
    expect((await run(remote, 'verify')).code).toBe(0)
    await remote.end()
    await remove()
  })
})

describe.skipIf(missing !== null)(
  titled('the command, where calls of the system fail'),
  { timeout: 120_000 },
  () => {
    it.each([
      ['a full disk', 'ENOSPC', ['write'], 'STORE_FULL', 'no room left'],
      [
        'a disk that may only be read',
        'EROFS',
        ['open-write', 'unlink'],
        'HOME_NOT_WRITABLE',
        'cannot write',
      ],
      ['a disk that fails', 'EIO', ['fsync'], 'STORE_FAILED', 'failed'],
    ] as const)('says so: %s', async (_disk, fate, calls, code, words) => {
      const place = await makePlace()
      const sessionId = await place.session()
      const disk = interposerIn(place.folder)
      const all = { path: '*/waymark.db*', calls, at: 1, count: -1, fate } as const
      disk.order(all)
      const args = ['send', sessionId, addTask('a')]
      const told = await place.run(args, { environment: disk.environment })
      expect(told).toMatchObject({ code: 1, stdout: '' })
      expect(told.stderr).toContain(words)
      expect(told.stderr).toContain('hint: ')
      const asJson = await place.run([...args, '--json'], { environment: disk.environment })
      expect(failureShape.parse(JSON.parse(asJson.stderr)).error.code).toBe(code)
      const looked = await place.run(['show', sessionId], { environment: disk.environment })
      expect(looked).toMatchObject({ code: 0, stderr: '' })
      disk.order({})
      expect(await place.run(args, { environment: disk.environment })).toMatchObject({ code: 0 })
      const { state } = await place.library(async (waymark) => waymark.openSession(sessionId))
      expect(Object.keys(state.tasks)).toEqual(['a'])
    })
  },
)

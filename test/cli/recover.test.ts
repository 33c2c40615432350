/** `waymark recover` as it is typed: its steps, its options, and going on in a fresh session. */
import { beforeAll, describe, expect, it } from 'vitest'
import { reportedSteps } from '../../src/events/recovery.ts'
import * as shapes from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

async function atWork(place: Place): Promise<string> {
  const id = await place.session({ model: 'm', windowTokens: 200_000, title: 'log in' })
  await place.send(
    id,
    { type: 'task.add', taskId: 'A', title: 'write the form' },
    { type: 'task.start', taskId: 'A' },
    { type: 'tool.call', toolCallId: 't1', name: 'Bash' },
    { type: 'tool.begin', toolCallId: 't1' },
    { type: 'tool.call', toolCallId: 't2', name: 'Bash' },
  )
  return id
}

/** Damages an event of the session, behind the command's back. */
async function damage(place: Place, version: number): Promise<void> {
  const { findDrivers } = await import('../../src/store/sqlite/open.ts')
  for (const found of await findDrivers()) {
    if (!('driver' in found)) continue
    const connection = found.driver.open(`${place.home}/sessions/waymark.db`, 'read-write')
    connection.exec(`UPDATE events SET data = '{}' WHERE place % 4294967296 = ${version}`)
    connection.close()
    return
  }
}

describe('waymark recover', () => {
  it('prints the steps, what is open, and how to go on', async () => {
    const place = await makePlace()
    const id = await atWork(place)
    const { code, stdout, stderr } = await place.run(['recover', id])
    expect(code).toBe(0)
    const lines = stdout.split('\n').map((line) => line.replace('\t', ': '))
    expect(lines).toEqual(
      expect.arrayContaining([
        'validate: it fits beside its reserve',
        'resume: skipped: no hook was given that resumes it elsewhere',
        expect.stringMatching(
          /^assess: since version 1: \d+ events, 0 tasks completed, 0 failed; 3 left open$/,
        ),
        'open: call t2 of Bash since version 7: never started',
        'plan: go on with task A: write the form',
        'plan: call t1 of Bash: look first whether it had its effect: its outcome is unknown',
      ]),
    )
    expect(lines.at(-2)).toMatch(/^now at version: \d+, this recovery recorded$/)
    expect(stderr).toContain('next: go on with A')
    const { recovery } = await place.library(async (waymark) => (await waymark.openSession(id)).state)
    expect(recovery?.steps.at(-1)).toMatchObject({ step: 'notify', outcome: 'done', detail: 'printed' })
  })

  it('answers in JSON with every step, and takes --from and --tasks', async () => {
    const place = await makePlace()
    const id = await atWork(place)
    const checkpoints = await place.json(shapes.checkpointsShape, 'checkpoints', id)
    const start = checkpoints[0]
    const report = await place.json(
      shapes.recoverShape,
      'recover',
      id,
      '--from',
      start?.id ?? '',
      '--tasks',
      'block',
    )
    expect(report).toMatchObject({ recorded: true, taskPolicy: 'block', chosenCheckpointId: start?.id })
    expect(report.steps.map(({ step }) => step)).toEqual([...reportedSteps])
    expect(report.steps.at(-1)).toMatchObject({ outcome: 'skipped', lines: [] })
    const tasks = await place.json(shapes.tasksShape, 'tasks', id)
    expect(tasks.map(({ status }) => status)).toEqual(['blocked'])
  })

  it('takes up one that was left unfinished, and says so', async () => {
    const place = await makePlace()
    const id = await atWork(place)
    const recoveryId = 'reco_00000000-0000-4000-8000-000000000001'
    await place.send(id, { type: 'recovery.begin', recoveryId, taskPolicy: 'keep' })
    const report = await place.json(shapes.recoverShape, 'recover', id)
    expect(report).toMatchObject({ recoveryId, takenUp: true, recorded: true })
  })

  it('goes on in a fresh session with --new, from any version', async () => {
    const place = await makePlace()
    const id = await atWork(place)
    const fresh = await place.json(shapes.recoverNewShape, 'recover', id, '--new')
    expect(fresh).toMatchObject({
      continuesSessionId: id,
      continuesVersion: 7,
      broughtTasks: 1,
      damage: null,
    })
    const early = await place.json(shapes.recoverNewShape, 'recover', id, '--from', '2', '--new')
    expect(early).toMatchObject({ continuesVersion: 2, broughtTasks: 0 })
    const { stdout, stderr } = await place.run(['recover', id, '--new'])
    expect(stdout).toContain(`version 7 of ${id}`)
    expect(stderr).toContain('the old session stays as it is')
  })

  it('goes on from the newest sound version of a damaged session with --emergency, and not without', async () => {
    const place = await makePlace()
    const id = await atWork(place)
    await damage(place, 5)
    const refused = await place.run(['recover', id, '--new'])
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('--emergency goes on from version 4'),
    ])
    const { code, stdout } = await place.run(['recover', id, '--emergency', '--json'])
    expect(code).toBe(1)
    const fresh = shapes.recoverNewShape.parse(JSON.parse(stdout))
    expect(fresh).toMatchObject({ continuesVersion: 4, broughtTasks: 1, damage: { version: 5 } })
    expect((await place.run(['show', fresh.sessionId])).code).toBe(0)
  })

  it.each([
    [['--from', 'ckpt_nobody'], 'has no checkpoint'],
    [['--tasks', 'drop'], 'one of keep, block, retry'],
    [['--new', '--tasks', 'keep'], 'about recovering in place'],
    [['--new', '--from', '999'], 'has no version 999'],
    [['--from', '1234'], 'has no version 1234 to come back to'],
    [['--new', '--epoch', '1'], '--epoch is about recovering in place'],
  ])('%j is wrong use, and changes nothing', async (options, told) => {
    const place = await makePlace()
    const id = await atWork(place)
    const { code, stdout, stderr } = await place.run(['recover', id, ...options])
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(told)])
    expect(await place.library(async (waymark) => (await waymark.openSession(id)).version)).toBe(7)
  })
})

describe('waymark checkpoint --json', () => {
  it('has the fields that other tools read, and links the file that holds the snapshot', async () => {
    const place = await makePlace()
    const id = await atWork(place)
    const { checkpoint } = await place.json(shapes.checkpointShape, 'checkpoint', id, '--phase', 'GREEN')
    expect(checkpoint).toMatchObject({
      phase: 'GREEN',
      token_usage: { used: 0, available: 200_000 },
      session_id: id,
      recovery_tokens_reserved: 55_000,
      context_snapshot_file: expect.stringContaining(checkpoint.checkpoint_id),
    })
    const all = await place.json(shapes.checkpointsShape, 'checkpoints', id)
    expect(all.map(({ checkpoint: told }) => told.session_id)).toEqual([id, id])
    expect(all.at(-1)?.checkpoint).toEqual(checkpoint)
  })
})

/**
 * Goal: every checkpoint of a session has its file, also those that state does not list any more.
 * Method: a real home with more checkpoints than state lists, written by writers that remember and ones that do not.
 */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { limits } from '../../src/kernel/limits.ts'
import { nothingRemembered } from '../../src/memory/write.ts'
import { type Home, openHome } from './support.ts'

const many = limits.checkpointsListedMax + 10

const filesIn = ({ folder }: Home, name: string) =>
  readdirSync(join(folder, name)).filter((file) => file.endsWith('.json'))

it('each has its file, is checked, moves when it is archived, and comes back when it is taken away', {
  timeout: 60_000,
}, async () => {
  const home = await openHome()
  const remembered = nothingRemembered()
  const ids = home.session.state.checkpoints.map(({ id }) => id)
  for (let n = ids.length; n < many; n++) {
    await home.session.send({ type: 'task.add', taskId: `T-${n}`, title: 'one' })
    ids.push((await home.session.checkpoint()).id)
    if (n % 7 === 0) await home.write({ remembered })
  }
  await home.write({ remembered })
  expect(filesIn(home, 'checkpoints').sort()).toEqual(ids.map((id) => `${id}.json`).sort())
  expect(await home.drift()).toEqual({})

  // One that state does not list is looked at too.
  const [first = '', second = ''] = ids
  rmSync(join(home.folder, `checkpoints/${first}.json`))
  expect(await home.drift()).toEqual({ [`checkpoints/${first}.json`]: 'missing' })
  await home.write()
  expect(await home.drift()).toEqual({})

  await home.session.send({ type: 'checkpoint.archive', checkpointIds: [first, second] })
  expect(await home.drift()).toMatchObject({ [`checkpoints/archive/${second}.json`]: 'stale' })
  await home.write({ remembered })
  expect(filesIn(home, 'checkpoints/archive').sort()).toEqual([`${first}.json`, `${second}.json`].sort())
  expect(filesIn(home, 'checkpoints')).toHaveLength(many - 2)
  expect(await home.drift()).toEqual({})

  rmSync(join(home.folder, 'checkpoints'), { recursive: true })
  expect(Object.keys(await home.drift())).toHaveLength(many)
  await home.write()
  expect(filesIn(home, 'checkpoints')).toHaveLength(many - 2)
  expect(filesIn(home, 'checkpoints/archive')).toHaveLength(2)
  expect(await home.drift()).toEqual({})
})

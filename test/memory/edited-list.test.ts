/**
 * Goal: a list that somebody edited is never lost: each one that is written over is kept under a name of its own.
 * Method: real edits, one after the other and by two writers at once.
 */
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Home, openHome } from './support.ts'

const list = 'active-tasks.md'

async function homeWithList(): Promise<Home> {
  const home = await openHome()
  await home.session.send({ type: 'task.add', taskId: 'A', title: 'one' })
  await home.write()
  return home
}

function edit(home: Home, title: string): string {
  const text = home.read(list).replace('A: one', `A: ${title}`)
  home.put(list, text)
  return text
}

const keptIn = ({ folder }: Home) =>
  readdirSync(folder)
    .filter((name) => name.startsWith('active-tasks.edited'))
    .sort()

describe('an edited list', () => {
  it('is kept under the next number, and none is written over', async () => {
    const home = await homeWithList()
    const names = ['active-tasks.edited.md', 'active-tasks.edited-2.md', 'active-tasks.edited-3.md']
    const texts: string[] = []
    for (const [index, name] of names.entries()) {
      texts.push(edit(home, `edit ${index}`))
      expect((await home.write({ editedTasks: 'keep' })).kept).toEqual([name])
    }
    expect(names.map(home.read)).toEqual(texts)
    expect((await home.write({ editedTasks: 'keep' })).kept).toEqual([])
    expect(keptIn(home)).toEqual([...names].sort())
    expect(await home.drift()).toEqual({})
  })

  it('is kept once when two writers meet it', async () => {
    for (let round = 0; round < 5; round++) {
      const home = await homeWithList()
      const text = edit(home, 'both')
      const all = await Promise.all([1, 2, 3].map(() => home.write({ editedTasks: 'keep' })))
      const kept = keptIn(home)
      expect(kept.map(home.read)).toEqual([text])
      expect(all.flatMap((one) => one.kept)).toEqual(kept)
      expect(await home.drift()).toEqual({})
    }
  })
})

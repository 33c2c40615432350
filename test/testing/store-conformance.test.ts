/**
 * Goal: the suite for stores notices a broken promise, says which, and never passes over what it could not check in silence.
 * Method: logs in memory with one promise broken each; the check that must notice is named beside it. That the same checks hold where
 * nothing is broken, test/contract shows.
 */
import { describe, expect, it } from 'vitest'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Check } from '../../src/testing/check.ts'
import { storeConformance } from '../../src/testing/store/conformance.ts'
import { brokenPromises, openBroken } from './store-faults.ts'

const inMemory = async () => ({ log: new MemoryLog() })

function checkOf(suite: readonly Check[], name: string): Check {
  const found = suite.find((check) => check.name === name)
  if (found === undefined) throw new Error(`no check is named ${name}`)
  return found
}

describe.concurrent('the suite notices that', () => {
  for (const { promise, noticedBy, says, broken } of brokenPromises) {
    it(`not: ${promise}`, async () => {
      const suite = storeConformance(async () => openBroken({ broken }), { without: ['files'] })
      await expect(checkOf(suite, noticedBy).run()).rejects.toThrow(says)
    })
  }
})

describe('the suite', () => {
  it('has a name for each check, and no name twice', () => {
    const names = storeConformance(inMemory).map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThan(70)
  })

  it('says in the name what it leaves out, and fails where nobody said so', async () => {
    const whole = storeConformance(inMemory)
    const less = storeConformance(inMemory, { without: ['several handles', 'files'] })
    expect(less).toHaveLength(whole.length)
    const leftOut = less.filter(({ name }) => name.startsWith('left out, without '))
    expect(leftOut.length).toBeGreaterThan(8)
    for (const [index, { name }] of less.entries()) {
      const original = whole[index]
      if (original === undefined || name === original.name) continue
      expect(name.endsWith(original.name)).toBe(true)
      await expect(original.run()).rejects.toThrow(/give it, or say that there is none with \{ without: /)
    }
  })

  it('closes every handle and removes the store, whether the check holds or not', async () => {
    for (const broken of [{}, { position: async () => 7 }]) {
      const done: string[] = []
      const open = async () => {
        const opened = openBroken({ broken: () => broken })
        const close = opened.log.close.bind(opened.log)
        opened.log.close = async () => {
          done.push('closed')
          await close()
        }
        return { ...opened, remove: async () => void done.push('removed') }
      }
      const check = checkOf(storeConformance(open), 'appends: a store is empty at first')
      await check.run().catch(() => null)
      expect(done).toEqual(['closed', 'removed'])
    }
  })

  it('says what was expected and what was found', async () => {
    const open = async () => openBroken({ broken: () => ({ position: async () => 7 }) })
    const check = checkOf(storeConformance(open), 'appends: a store is empty at first')
    await expect(check.run()).rejects.toThrow('position of an empty log: expected 0, found 7')
  })

  it('says with which seed random data showed it', async () => {
    const broken = brokenPromises.find(({ noticedBy }) => noticedBy.startsWith('forks: law'))
    if (broken === undefined) throw new Error('there is a law of forks')
    const check = checkOf(
      storeConformance(async () => openBroken(broken)),
      broken.noticedBy,
    )
    await expect(check.run()).rejects.toThrow(/seed: -?\d+/)
  })
})

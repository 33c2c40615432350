/**
 * Goal: a journal that is kept well survives a torn tail, and the suite notices one that is not.
 * Method: a small store made of a file, right and with two mistakes.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { storeConformance } from '../../src/testing/store/conformance.ts'
import { type JournalKind, openJournal } from './journal-store.ts'

/** Of about 2,500 bytes that the last transaction takes up. */
const tearsMax = 300

function tornChecks(kind: JournalKind, opened: { count: number } = { count: 0 }) {
  const open = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'waymark-journal-'))
    const openIn = async (place: string) => {
      opened.count += 1
      return openJournal(place, kind)
    }
    return {
      log: await openIn(folder),
      files: { folder, newest: () => 'journal', open: openIn },
      remove: async () => rm(folder, { recursive: true, force: true }),
    }
  }
  return storeConformance(open, { tearsMax }).filter(({ name }) => name.startsWith('a torn tail'))
}

describe('a journal with a line for each transaction', () => {
  const opened = { count: 0 }
  for (const { name, run } of tornChecks('sound', opened)) it(name, run)

  it('was torn as often as was asked for, and opened each time', () => {
    expect(opened.count).toBe(2 * (tearsMax + 1))
  })
})

describe('the suite notices a journal', () => {
  it('whose transactions are several lines', async () => {
    for (const { run } of tornChecks('a line for each operation')) {
      await expect(run()).rejects.toThrow(/torn at byte \d+ of \d+: all that the log holds/)
    }
  })

  it('that takes half a line for a whole one', async () => {
    const [cut] = tornChecks('lines are believed')
    await expect(cut?.run()).rejects.toThrow(/torn at byte \d+ of \d+/)
  })
})

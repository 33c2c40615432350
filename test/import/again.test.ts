/**
 * Goal: whatever was imported before, in one go or many, killed or not, an import ends with the same sessions.
 * Method: import every fixture twice, cut anywhere and grown, and killed after each transaction, and compare.
 */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ReadonlyState } from '../../src/fold/state.ts'
import { standardLineLimits } from '../../src/import/bounds.ts'
import type { ImportOptions } from '../../src/import/import.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { LogTransaction } from '../../src/log/port.ts'
import { copied, dataOf, fixture, fixtures, imported, storyOf, temporaryFolder } from './support.ts'

const files = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.jsonl'))
  .sort()
  .map((path) => join(fixtures, path))

const smallBatches: ImportOptions = { lineLimits: { ...standardLineLimits, batchLinesMax: 2 } }

/** A rejection that turned out to be an acceptance stays what it was when it was imported in between; tested below. */
const untilSettled = '19-accepted-plan.jsonl'

/** What must be the same for a file that grew: all of the state but its versions, times and notes. */
function essence(states: readonly ReadonlyState[]): unknown {
  return states.map(
    ({
      nativeId,
      usage,
      window,
      tasks,
      turns,
      title,
      status,
      model,
      compactions,
      openCalls,
      failures,
      knowledge,
      context,
    }) => ({
      nativeId,
      usage: { ...usage, estimatedCalls: null },
      window: { ...window, phaseSince: null },
      tasks: Object.values(tasks).map((task) => [task.id, task.title, task.status]),
      open: Object.keys(openCalls),
      turns,
      title,
      status,
      model,
      compactions,
      failures,
      knowledge: {
        ...knowledge,
        decisions: knowledge.decisions.map(({ text, reason }) => [text, reason]),
        servers: Object.values(knowledge.servers).map(({ version: _version, ...server }) => server),
      },
      items: Object.values(context.items).map(({ tag, tier, status, server }) => [tag, tier, status, server]),
    }),
  )
}

function named(paths: readonly string[]): readonly (readonly [string, string])[] {
  return paths.map((path) => [path.slice(fixtures.length + 1), path])
}

class Killed extends Error {}

/** A log whose process dies after so many transactions; what they wrote stays. */
class MortalLog extends MemoryLog {
  transactionsLeft = Number.POSITIVE_INFINITY

  override async transact<T>(work: (transaction: LogTransaction) => T): Promise<T> {
    const result = await super.transact(work)
    this.transactionsLeft -= 1
    if (this.transactionsLeft <= 0) throw new Killed()
    return result
  }
}

/** Imports with a kill after every `transactions` transactions, until one import comes to its end. */
async function importKilled(log: MortalLog, path: string, transactions: number): Promise<number> {
  for (let kills = 0; ; kills++) {
    log.transactionsLeft = transactions
    try {
      await imported([path], log, smallBatches)
      return kills
    } catch (error) {
      if (!(error instanceof Killed)) throw error
    }
  }
}

describe.each(named(files))('%s', (_name, path) => {
  it('imported again appends nothing and reports the same', async () => {
    const first = await imported([path])
    const again = await imported([path], first.log)
    expect(again.result.appended).toBe(0)
    expect(again.result.files).toEqual(first.result.files.map((file) => ({ ...file, appended: 0 })))
    expect(again.result.sessions).toBe(first.result.sessions)
  })

  it('imported again from another place appends nothing', async () => {
    const first = await imported([path])
    const copy = join(temporaryFolder(), basename(path))
    copyFileSync(path, copy)
    expect((await imported([copy], first.log)).result.appended).toBe(0)
  })

  it('killed after each transaction ends with the same streams, event by event', async () => {
    const whole = await imported([path])
    const log = new MortalLog()
    await importKilled(log, path, 1)
    expect(await storyOf(log)).toEqual(await storyOf(whole.log))
  })
})

describe.each(named(files.filter((path) => !path.endsWith(untilSettled))))('%s', (_name, path) => {
  it('cut at any line and grown ends as if it had been whole', async () => {
    const whole = await imported([path])
    const bytes = readFileSync(path)
    const copy = copied(path)
    for (let cut = bytes.indexOf(10) + 1; cut > 0 && cut < bytes.length; cut = bytes.indexOf(10, cut) + 1) {
      writeFileSync(copy, bytes.subarray(0, cut))
      const part = await imported([copy])
      writeFileSync(copy, bytes)
      const grown = await imported([copy], part.log)
      expect(essence(grown.states), `cut at byte ${cut}`).toEqual(essence(whole.states))
      expect(grown.result.files[0]?.damaged).toEqual(whole.result.files[0]?.damaged)
      expect(grown.result.files[0]?.lines).toBe(whole.result.files[0]?.lines)
    }
  })
})

describe('an import', () => {
  it('of all fixtures in one home is idempotent, and refuses nothing', async () => {
    const first = await imported([fixtures])
    expect(first.result.files.map(({ refused }) => refused)).toEqual(first.result.files.map(() => 0))
    expect((await imported([fixtures], first.log)).result.appended).toBe(0)
    const others = await imported([fixture('codex'), fixture('claude-code')])
    expect((await imported([fixtures], others.log)).result.appended).toBe(0)
    expect(others.figures).toEqual(first.figures)
  })

  it('really is killed many times in the test above', async () => {
    expect(await importKilled(new MortalLog(), fixture('claude-code/12-tasks.jsonl'), 1)).toBeGreaterThan(10)
  })

  /** Law: however a file grows and however often the import dies, the end is the same. Bytes are cut anywhere. */
  it('survives any mixture of growth and death', async () => {
    const growing = [
      '01-streamed-duplicates',
      '03-glued-lines',
      '09-summaries-and-compactions',
      '16-sidechains',
    ]
    const path = fc.constantFrom(...growing.map((name) => fixture(`claude-code/${name}.jsonl`)))
    const cuts = fc.array(fc.double({ min: 0.05, max: 1, noNaN: true }), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(
        path,
        cuts,
        fc.integer({ min: 1, max: 4 }),
        async (original, fractions, transactions) => {
          const bytes = readFileSync(original)
          const copy = copied(original)
          const firstLine = bytes.indexOf(10) + 1
          const log = new MortalLog()
          for (const fraction of [...fractions].sort((a, b) => a - b)) {
            writeFileSync(copy, bytes.subarray(0, Math.max(firstLine, Math.floor(bytes.length * fraction))))
            await importKilled(log, copy, transactions)
          }
          writeFileSync(copy, bytes)
          await importKilled(log, copy, transactions)
          const [whole, grown] = [await imported([original]), await imported([copy], log)]
          expect(essence(grown.states)).toEqual(essence(whole.states))
          expect(grown.result.files[0]?.damaged).toEqual(whole.result.files[0]?.damaged)
        },
      ),
      { numRuns: 15 },
    )
  })

  it('takes a later, higher output count as a correction', async () => {
    const path = fixture('claude-code/01-streamed-duplicates.jsonl')
    const lines = readFileSync(path, 'utf8').split('\n')
    const copy = copied(path)
    writeFileSync(copy, `${lines.slice(0, 3).join('\n')}\n`)
    const part = await imported([copy])
    expect(part.top.usage).toMatchObject({ calls: 1, outputTokens: 8, estimatedCalls: 1 })
    writeFileSync(copy, lines.join('\n'))
    const grown = await imported([copy], part.log)
    const counted = (await dataOf(grown.log, grown.top.sessionId, 'usage.recorded')).map(
      (data) => data.counted,
    )
    expect(counted.map(({ calls, outputTokens }) => [calls, outputTokens])).toEqual([
      [1, 8],
      [0, 52],
      [1, 45],
    ])
  })

  it('reads a file again from its start when it is not the one it was', async () => {
    const copy = copied(fixture('claude-code/05-no-final-newline.jsonl'))
    const first = await imported([copy])
    const text = readFileSync(copy, 'utf8')
    writeFileSync(
      copy,
      text
        .replace('How many rolls', 'How few rolls')
        .replaceAll('-4000-8000-00000000000', '-4000-8000-00000000001'),
    )
    const replaced = await imported([copy], first.log)
    expect(replaced.result.appended).toBeGreaterThan(0)
    expect(replaced.result.files[0]?.lines).toBe(2)
  })

  it('reports half a last line, keeps it, and reads it when it has become whole', async () => {
    const path = fixture('claude-code/01-streamed-duplicates.jsonl')
    const bytes = readFileSync(path)
    const copy = copied(path)
    writeFileSync(copy, bytes.subarray(0, bytes.length - 40))
    const half = await imported([copy])
    expect(half.result.files[0]).toMatchObject({
      lines: 7,
      damaged: [{ line: 7, reason: 'unterminated string' }],
    })
    expect(half.top.observations).toEqual({ 'unfinished-line': 1 })
    expect((await imported([copy], half.log)).result.appended).toBe(0)
    writeFileSync(copy, bytes)
    const whole = await imported([copy], half.log)
    expect(whole.result.files[0]).toMatchObject({ lines: 7, damaged: [], damagedCount: 0 })
    expect(whole.figures.calls).toBe(2)
  })

  it('goes on behind a complete last line that got its newline, or a glued value, later', async () => {
    const path = fixture('claude-code/05-no-final-newline.jsonl')
    const copy = copied(path)
    const text = readFileSync(path, 'utf8')
    const first = await imported([copy])
    const next =
      '{"type":"custom-title","customTitle":"Rolls","sessionId":"10000000-0000-4000-8000-000000000005"}'
    writeFileSync(copy, `${text}${next}`)
    const glued = await imported([copy], first.log)
    expect(glued.result.files[0]).toMatchObject({ lines: 2, damaged: [] })
    expect(glued.top.title).toBe('Rolls')
    writeFileSync(copy, `${text}${next}\n`)
    expect((await imported([copy], first.log)).result.files[0]).toMatchObject({ lines: 2, appended: 0 })
  })

  it('has told a plan’s rejection when the file ended there; its acceptance comes too late', async () => {
    const path = fixture(`claude-code/${untilSettled}`)
    const copy = copied(path)
    writeFileSync(copy, readFileSync(path, 'utf8').split('\n').slice(0, 4).join('\n'))
    const part = await imported([copy])
    expect(part.top.turns).toMatchObject({ prompts: 1, interrupted: 1 })
    writeFileSync(copy, readFileSync(path))
    const grown = await imported([copy], part.log)
    expect(grown.figures).toEqual((await imported([path])).figures)
    expect(grown.top).toMatchObject({ turns: { prompts: 2, interrupted: 1 }, openCalls: {} })
  })

  it('says how far it is', async () => {
    const seen: number[] = []
    const { result } = await imported([fixture('codex')], new MemoryLog(), {
      onProgress: ({ bytesDone, bytesTotal, files: count }) => {
        expect(count).toBe(5)
        seen.push(bytesDone / bytesTotal)
      },
    })
    expect(result.files).toHaveLength(5)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen.at(-1)).toBe(1)
  })
})

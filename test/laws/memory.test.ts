/**
 * Goal: memory files are views. After any history, whenever and however often they were written, they are what the log says,
 * and nothing is in them that is not in it.
 * Method: random histories in real homes, written at random moments by a writer that remembers and one that does not.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { stateHash } from '../../src/fold/fold.ts'
import { CommandRefused } from '../../src/kernel/errors.ts'
import { checkMemoryFiles } from '../../src/memory/check.ts'
import { sessionStateText } from '../../src/memory/session-state.ts'
import { sessionsOf } from '../../src/memory/sessions.ts'
import { taskListText } from '../../src/memory/task-text.ts'
import { readingsAfter } from '../../src/memory/token-usage.ts'
import { nothingRemembered, writeMemoryFiles } from '../../src/memory/write.ts'
import { sessionsFolderOf } from '../../src/session/home.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'

const snapshotShape = z.object({ context_snapshot: z.string(), version: z.int(), session_id: z.string() })

describe('memory files', () => {
  it('law: after any history they equal their views, however often they were written on the way', {
    timeout: 120_000,
  }, async () => {
    let readings = 0
    let checkpoints = 0
    const history = fc.array(fc.tuple(historyArbitrary(12), fc.boolean()), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(history, fc.boolean(), async (sessions, cacheEnabled) => {
        const home = join(mkdtempSync(join(tmpdir(), 'waymark-law-')), '.moai')
        const waymark = await Waymark.open({ home, memoryFiles: false, settings: { cacheEnabled } })
        const { log, settings, environment } = waymark
        const folder = sessionsFolderOf(home)
        const place = { folder, log, clock: environment.clock }
        const remembered = nothingRemembered()
        for (const [commands, isWrittenWithin] of sessions) {
          const [first, ...others] = commands
          const session = await waymark.createSession(
            first?.type === 'session.start' ? { model: first.model ?? 'm' } : {},
          )
          for (const [index, command] of others.entries()) {
            await session.send(command).catch((error: unknown) => {
              if (!(error instanceof CommandRefused)) throw error
            })
            if (isWrittenWithin && index % 5 === 0)
              await writeMemoryFiles(place, settings, { remembered, editedTasks: 'stay' })
          }
          await session.settled()
        }
        await writeMemoryFiles(place, settings, { remembered, editedTasks: 'stay' })

        const { files } = await checkMemoryFiles(place, settings)
        expect(files.filter(({ kind }) => kind !== 'ok')).toEqual([])
        const read = (name: string) => readFileSync(join(folder, name), 'utf8')
        const known = await sessionsOf(log)
        const { state } = await waymark.openSession(known.current ?? '')
        expect(read('active-tasks.md')).toBe(taskListText(state))
        const lastSync = z
          .object({ last_sync: z.string() })
          .parse(JSON.parse(read('session-state.json'))).last_sync
        expect(read('session-state.json')).toBe(sessionStateText(state, known, settings, lastSync))
        const lines: string[] = []
        for await (const page of readingsAfter(log, 0))
          lines.push(...page.readings.map((reading) => `${JSON.stringify(reading)}\n`))
        readings += lines.length
        expect(read('token-usage.log')).toBe(lines.join(''))
        expect(readdirSync(folder).includes('context-cache.json')).toBe(cacheEnabled)
        if (cacheEnabled) {
          const cache = JSON.parse(read('context-cache.json'))
          const context = JSON.parse(
            brotliDecompressSync(Buffer.from(cache.context, 'base64')).toString('utf8'),
          )
          expect(context.items.map(({ tag }: { tag: string }) => tag).sort()).toEqual(
            Object.keys(state.context.items).sort(),
          )
        }
        for (const { id, archived } of state.checkpoints) {
          checkpoints += 1
          const file = snapshotShape.parse(
            JSON.parse(read(`checkpoints/${archived ? 'archive/' : ''}${id}.json`)),
          )
          const packed = brotliDecompressSync(Buffer.from(file.context_snapshot, 'base64'))
          const past = await (await waymark.openSession(file.session_id)).at(file.version)
          expect(stateHash(JSON.parse(packed.toString('utf8')))).toBe(stateHash(past))
        }
        await waymark.close()
        rmSync(home, { recursive: true, force: true })
      }),
      { numRuns: 25 },
    )
    // Not vacuous: the histories have readings and checkpoints.
    expect(readings).toBeGreaterThan(20)
    expect(checkpoints).toBeGreaterThan(5)
  })
})

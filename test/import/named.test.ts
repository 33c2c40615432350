/** Files that were named and hold no transcript, or none yet: they stop nobody else. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importFiles } from '../../src/import/import.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { Waymark } from '../../src/session/waymark.ts'

const sample = 'examples/transcripts/claude-code-session.jsonl'
let folder: string
let empty: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-named-'))
  empty = join(folder, 'just-begun.jsonl')
  await writeFile(empty, '')
})

afterAll(async () => rm(folder, { recursive: true, force: true }))

describe('a named file that holds nothing yet', () => {
  it('is reported beside others, which are imported', async () => {
    const { log, environment } = await Waymark.open({ store: new MemoryLog() })
    const { files, appended } = await importFiles(log, environment, [empty, sample])
    expect(appended).toBeGreaterThan(0)
    expect(files.find(({ path }) => path === empty)).toMatchObject({ appended: 0, error: expect.any(String) })
    expect(files.find(({ path }) => path === sample)).toMatchObject({ format: 'claude-code' })
  })

  it('is an error when nothing else was named', async () => {
    const { log, environment } = await Waymark.open({ store: new MemoryLog() })
    await expect(importFiles(log, environment, [empty])).rejects.toMatchObject({ code: 'IMPORT_FAILED' })
    expect(await log.position()).toBe(0)
  })
})

/**
 * Context items by their tag.
 *
 * Goal: the original of an item can be read by its tag whatever became of it, in forks too. Method: real sessions in memory,
 * with items that were changed, summarized, discarded, archived and added again.
 */
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryLog } from '../../src/log/memory.ts'
import { findContextItem } from '../../src/replay/item.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'

const tagged = { tier: 'supporting', category: 'reference.project' } as const
let log: MemoryLog
let waymark: Waymark
let session: Session

beforeEach(async () => {
  log = new MemoryLog()
  waymark = await Waymark.open({ store: log, policies: [] })
  session = await waymark.createSession()
})

const found = async (tag: string, sessionId = session.id) => findContextItem(log, sessionId, tag)

async function textOf(tag: string, sessionId = session.id): Promise<string> {
  const { content } = await found(tag, sessionId)
  return content === null ? '' : waymark.content(content.hash)
}

describe('an item', () => {
  it('is found in state, with its summary and both texts', async () => {
    await session.send({ type: 'context.add', tag: '@A', ...tagged, content: 'the whole text of it' })
    await session.send({ type: 'context.summarize', tag: '@A', summary: 'text' })
    const item = await found('@A')
    expect(item).toMatchObject({ tag: '@A', status: 'summarized', tier: 'supporting', addedVersion: 2 })
    expect(await waymark.content(item.content?.hash ?? '')).toBe('the whole text of it')
    expect(await waymark.content(item.summary?.hash ?? '')).toBe('text')
  })

  it.each(['discard', 'archive'] as const)('is found after context.%s, as it was', async (way) => {
    await session.send({
      type: 'context.add',
      tag: '@A',
      ...tagged,
      content: 'the whole text of it',
      title: 'A',
    })
    await session.send({ type: 'context.retier', tag: '@A', tier: 'temporary' })
    await session.send({ type: 'context.summarize', tag: '@A', summary: 'text', tokens: 1 })
    await session.send({ type: `context.${way}`, tags: ['@A'] })
    expect(Object.keys(session.state.context.items)).toEqual([])
    expect(await found('@A')).toMatchObject({
      status: way === 'discard' ? 'discarded' : 'archived',
      title: 'A',
      tier: 'temporary',
      summaryTokens: 1,
      addedVersion: 2,
    })
    expect(await textOf('@A')).toBe('the whole text of it')
  })

  it('is not touched by what becomes of others', async () => {
    for (const tag of ['@A', '@B']) {
      await session.send({ type: 'context.add', tag, ...tagged, content: `the text of ${tag}`, title: tag })
    }
    await session.send({ type: 'context.retier', tag: '@B', tier: 'temporary' })
    await session.send({ type: 'context.summarize', tag: '@B', summary: 'text', tokens: 1 })
    await session.send({ type: 'context.archive', tags: ['@B'] })
    await session.send({ type: 'context.discard', tags: ['@A'] })
    expect(await found('@A')).toMatchObject({
      tag: '@A',
      title: '@A',
      tier: 'supporting',
      status: 'discarded',
      summary: null,
      summaryTokens: null,
      addedVersion: 2,
    })
    expect(await found('@B')).toMatchObject({ tier: 'temporary', status: 'archived', addedVersion: 3 })
    expect([await textOf('@A'), await textOf('@B')]).toEqual(['the text of @A', 'the text of @B'])
  })

  it('is the newest of its tag', async () => {
    for (const content of ['first', 'second']) {
      await session.send({ type: 'context.add', tag: '@A', ...tagged, content })
      await session.send({ type: 'context.discard', tags: ['@A'] })
    }
    expect(await textOf('@A')).toBe('second')
    expect(await found('@A')).toMatchObject({ summary: null, addedVersion: 4 })
  })

  it('is found in a fork that inherited it, and not in one that did not', async () => {
    const before = session.version
    await session.send({ type: 'context.add', tag: '@A', ...tagged, content: 'inherited' })
    await session.send({ type: 'context.discard', tags: ['@A'] })
    const fork = await session.fork()
    expect(await textOf('@A', fork.id)).toBe('inherited')
    const early = await session.fork({ at: before })
    await expect(found('@A', early.id)).rejects.toMatchObject({ code: 'CONTENT_NOT_FOUND' })
  })

  it('that never was is refused, with the nearest tags that were', async () => {
    await expect(found('@CONFIG-001')).rejects.toMatchObject({
      code: 'CONTENT_NOT_FOUND',
      hint: 'it has no context items; context.add brings them',
    })
    for (const tag of ['@CONFIG-001', '@TOOLS-001', '@REF-001', '@REF-002', '@constructor']) {
      await session.send({ type: 'context.add', tag, ...tagged, tokens: 1 })
    }
    await session.send({ type: 'context.discard', tags: ['@CONFIG-001'] })
    await expect(found('@CONFG-001')).rejects.toMatchObject({
      message: `session ${session.id} never had an item @CONFG-001`,
      hint: expect.stringMatching(/^did you mean @CONFIG-001 or /),
    })
    await expect(found('@toString')).rejects.toMatchObject({ code: 'CONTENT_NOT_FOUND' })
    await expect(
      findContextItem(log, 'sess_00000000-0000-4000-8000-000000000000', '@A'),
    ).rejects.toMatchObject({
      code: 'SESSION_NOT_FOUND',
    })
  })

  it('law: whatever becomes of an item, its original is read by its tag', async () => {
    const fates = ['keep', 'defer', 'restore', 'summarize', 'discard', 'archive', 'add'] as const
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...fates), { maxLength: 12 }), async (steps) => {
        const one = await waymark.createSession()
        let count = 0
        const add = async (): Promise<void> => {
          count += 1
          await one.send({ type: 'context.add', tag: '@A', ...tagged, content: `original number ${count}` })
        }
        await add()
        for (const step of steps) {
          const isThere = Object.hasOwn(one.state.context.items, '@A')
          if (step === 'add' && !isThere) await add()
          if (!isThere || step === 'add' || step === 'keep') continue
          if (step === 'summarize')
            await one.send({ type: 'context.summarize', tag: '@A', summary: 's', tokens: 1 })
          else await one.send({ type: `context.${step}`, tags: ['@A'] })
        }
        expect(await textOf('@A', one.id)).toBe(`original number ${count}`)
      }),
      { numRuns: 60 },
    )
  })
})

/** The window between two reports, where items come and go around a compaction. */
import { describe, expect, it } from 'vitest'
import { currentWindowOf } from '../../src/fold/growth.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'

async function opened(): Promise<Session> {
  const waymark = await Waymark.open({ store: new MemoryLog() })
  const session = await waymark.createSession({ windowTokens: 200_000 })
  await add(session, '@GUIDE', 60_000)
  await session.send({
    type: 'context.add',
    tag: '@RAW',
    tier: 'temporary',
    category: 'conversation.cache',
    tokens: 5_000,
  })
  await session.send({ type: 'context.measure', contextTokens: 110_000 })
  return session
}

async function add(session: Session, tag: string, tokens: number): Promise<void> {
  await session.send({ type: 'context.add', tag, tier: 'supporting', category: 'reference.project', tokens })
}

const compact = { type: 'context.compact', kind: 'full', trigger: 'auto' } as const

function used(session: Session): number {
  return currentWindowOf(session.state).usedTokens
}

describe('after a compaction', () => {
  it('that says what it left, items that were cut with it are not taken off again', async () => {
    const session = await opened()
    await session.send({ ...compact, postTokens: 20_000 })
    expect(session.state.context.items['@GUIDE']?.status).toBe('deferred')
    expect(used(session)).toBe(20_000)
  })

  it('what comes and goes since then counts', async () => {
    const session = await opened()
    await session.send({ ...compact, postTokens: 20_000 })
    await add(session, '@NEW', 5_000)
    expect(used(session)).toBe(25_000)
    await session.send({ type: 'context.discard', tags: ['@NEW'] })
    expect(used(session)).toBe(20_000)
    await session.send({ type: 'context.restore', tags: ['@GUIDE'] })
    expect(used(session)).toBe(80_000)
    await session.send({ type: 'context.defer', tags: ['@GUIDE'] })
    expect(used(session)).toBe(20_000)
  })

  it('that does not say what it left, what its policy takes out is taken off the last report', async () => {
    const session = await opened()
    await session.send(compact)
    expect(used(session)).toBe(45_000)
  })

  it('and the next report, items count as ever', async () => {
    const session = await opened()
    await session.send({ ...compact, postTokens: 20_000 })
    await add(session, '@NEW', 5_000)
    await session.send({ type: 'context.measure', contextTokens: 30_000 })
    await session.send({ type: 'context.defer', tags: ['@NEW'] })
    expect(used(session)).toBe(25_000)
  })

  it('and an estimate given by hand, items count too', async () => {
    const session = await opened()
    await session.send({ type: 'context.measure', contextTokens: 100_000, estimated: true })
    await session.send({ type: 'context.defer', tags: ['@GUIDE'] })
    expect(used(session)).toBe(40_000)
  })
})

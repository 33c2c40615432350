/**
 * Goal: a summary answers the request it was made for, and no other; what cannot be made does not come up for ever.
 * Method: summarizers that end when the test says so, with something happening to the item in between.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { OpenOptions } from '../../src/session/open-host.ts'
import type { Session } from '../../src/session/session.ts'
import type { Summarizer } from '../../src/session/summaries.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

const guide = Array.from({ length: 200 }, (_, line) => `Step ${line}: check it by hand, then go.`).join('\n')

async function opened(options: OpenOptions = {}) {
  const log = new MemoryLog()
  const waymark = await Waymark.open({ store: log, ...options })
  const session = await waymark.createSession({ windowTokens: 200_000 })
  return { log, waymark, session }
}

async function add(session: Session, tag = '@GUIDE', fields: object = {}): Promise<void> {
  const item = { tag, tier: 'supporting', category: 'reference.project', content: guide } as const
  await session.send({ type: 'context.add', ...item, ...fields })
}

async function report(session: Session, contextTokens: number): Promise<void> {
  await session.send({ type: 'context.measure', contextTokens })
}

function item(session: Session, tag = '@GUIDE') {
  return session.state.context.items[tag]
}

/** A summarizer whose first answer comes when it is told to; later ones come at once. */
function held() {
  const texts: string[] = []
  let release = (): void => {}
  const first = new Promise<void>((resolve) => {
    release = resolve
  })
  const summarizer: Summarizer = async ({ text, bytesMax }) => {
    texts.push(text)
    if (texts.length === 1) await first
    return `about ${text.slice(0, 12)}`.slice(0, bytesMax)
  }
  return { summarizer, texts, release }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a summary that comes late', () => {
  async function inFlight() {
    const { summarizer, texts, release } = held()
    const { session, waymark, log } = await opened({ summarizer })
    await add(session)
    await report(session, 152_000)
    await vi.waitFor(() => expect(texts).toHaveLength(1))
    return { session, waymark, log, texts, release }
  }

  it('of an item that is there no more is not given to a new one of its tag', async () => {
    const { session, release } = await inFlight()
    await report(session, 20_000)
    await session.send({ type: 'context.discard', tags: ['@GUIDE'] })
    await add(session, '@GUIDE', { content: `New and different. ${guide}` })
    release()
    await session.settled()
    expect(item(session)).toMatchObject({ status: 'kept', summary: null })
  })

  it('is not given to a new item for which a summary of the same length is wanted', async () => {
    const { session, waymark, texts, release } = await inFlight()
    await session.send({ type: 'context.discard', tags: ['@GUIDE'] })
    await add(session, '@GUIDE', { content: `New and different. ${guide}` })
    await session.send({ type: 'context.request-summary', tags: ['@GUIDE'], targetPercent: 30 })
    release()
    await session.settled()
    expect(texts).toHaveLength(2)
    expect(await waymark.content(item(session)?.summary?.hash ?? '')).toBe('about New and diff')
  })

  it.each(['context.defer', 'context.restore'] as const)(
    'does not undo a %s that came after the request',
    async (type) => {
      const { session, release } = await inFlight()
      if (type === 'context.restore') await session.send({ type: 'context.defer', tags: ['@GUIDE'] })
      await session.send({ type, tags: ['@GUIDE'] })
      release()
      await session.settled()
      expect(item(session)?.status).toBe(type === 'context.defer' ? 'deferred' : 'kept')
    },
  )

  it('is not taken when the original was asked for before it came', async () => {
    const { session, release } = await inFlight()
    await session.send({ type: 'context.restore', tags: ['@GUIDE'] })
    expect(item(session)?.summaryWantedPercent).toBeNull()
    release()
    await session.settled()
    expect(item(session)?.status).toBe('kept')
  })

  it('of an earlier, longer kind gives way to the shorter one that is wanted since', async () => {
    const { session, texts, release } = await inFlight()
    await report(session, 180_000)
    expect(item(session)?.summaryWantedPercent).toBe(10)
    release()
    await session.settled()
    expect(texts).toHaveLength(2)
    expect(item(session)).toMatchObject({ status: 'summarized', summaryWantedPercent: null })
  })

  it('from another process is refused too: the command names the request it answers', async () => {
    const { session, release } = await inFlight()
    const requestedVersion = item(session)?.summaryWantedVersion ?? 0
    expect(requestedVersion).toBeGreaterThan(0)
    await report(session, 20_000)
    await session.send({ type: 'context.request-summary', tags: ['@GUIDE'], targetPercent: 50 })
    const late = { type: 'context.summarize', tag: '@GUIDE', summary: 'late', requestedVersion } as const
    await expect(session.send(late)).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
    release()
    await session.settled()
    expect(item(session)?.summary?.preview).not.toBe('late')
  })
})

describe('a summary that is wanted again', () => {
  it('after the item was restored is made again', async () => {
    let calls = 0
    const summarizer: Summarizer = ({ text, bytesMax }) => {
      calls += 1
      return text.slice(0, Math.min(100, bytesMax))
    }
    const { session } = await opened({ summarizer })
    await add(session)
    await report(session, 152_000)
    await session.settled()
    await session.send({ type: 'context.restore', tags: ['@GUIDE'] })
    await report(session, 20_000)
    await report(session, 155_000)
    await session.settled()
    expect(item(session)).toMatchObject({ status: 'summarized', summaryWantedPercent: null })
    for (let turn = 0; turn < 3; turn++) {
      await report(session, 155_001 + turn)
      await session.settled()
    }
    expect(calls).toBe(2)
  })

  it('weighs what its share of the item weighs, so that a small count by its bringer refuses nothing', async () => {
    let calls = 0
    const summarizer: Summarizer = ({ text, bytesMax }) => {
      calls += 1
      return text.slice(0, bytesMax)
    }
    const { session } = await opened({ summarizer })
    await add(session, '@GUIDE', { tokens: 1_200 })
    await report(session, 152_000)
    await session.settled()
    expect(item(session)?.status).toBe('summarized')
    expect(item(session)?.summaryTokens).toBeLessThanOrEqual(360)
    for (let turn = 0; turn < 3; turn++) {
      await report(session, 155_001 + turn)
      await session.settled()
    }
    expect(calls).toBe(1)
  })

  it('and whose text is not in the store is taken back, with one warning', async () => {
    const warnings: Error[] = []
    const listener = (warning: Error): void => void warnings.push(warning)
    process.on('warning', listener)
    const { session, log } = await opened()
    const content = { hash: 'a'.repeat(64), bytes: 9_000, preview: 'gone' }
    await add(session, '@GUIDE', { content })
    await report(session, 152_000)
    await session.settled()
    await report(session, 153_000)
    await session.settled()
    await delay(5)
    process.off('warning', listener)
    expect(item(session)).toMatchObject({ status: 'kept', summaryWantedPercent: null })
    expect(warnings.map((warning) => [Reflect.get(warning, 'code'), warning.message])).toEqual([
      ['WAYMARK_SUMMARY', expect.stringContaining('@GUIDE')],
    ])
    const last = (await eventsOf(log, session.id)).filter(({ type }) => type === 'context.summary-requested')
    expect(last.at(-1)).toMatchObject({ actor: 'policy:summarize', data: { targetPercent: null } })
  })
})

describe('a summarizer that never ends', () => {
  it('is waited for once: what is left of the session is summarized by the built-in one', async () => {
    let calls = 0
    const summarizer: Summarizer = async () => {
      calls += 1
      return new Promise<string>(() => {})
    }
    const { session, waymark } = await opened({ summarizer })
    for (const tag of ['@A', '@B', '@C']) await add(session, tag, { content: `${tag} ${guide}` })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await report(session, 152_000)
    await vi.waitFor(() => expect(calls).toBe(1))
    const closing = waymark.close()
    await vi.advanceTimersByTimeAsync(limits.summarizerWaitMs)
    await closing
    expect(calls).toBe(1)
    expect(['@A', '@B', '@C'].map((tag) => item(session, tag)?.status)).toEqual(
      Array.from({ length: 3 }, () => 'summarized'),
    )
  })
})

describe('a summarizer that throws something without words', () => {
  it('is replaced by the built-in one, and the process goes on', async () => {
    const { session } = await opened({
      summarizer: () => {
        throw Object.create(null)
      },
    })
    await add(session)
    await report(session, 152_000)
    await session.settled()
    expect(item(session)?.status).toBe('summarized')
  })
})

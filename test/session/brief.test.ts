/** A session's brief: what it takes from the log beside state, and that it comes when something of that cannot be read. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sha256 } from '../../src/kernel/hash.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { findBetterSqlite3 } from '../../src/store/sqlite/better-sqlite3.ts'
import { findNodeSqlite } from '../../src/store/sqlite/node-sqlite.ts'

const ask = (session: Session, content: string) => session.send({ type: 'prompt.submit', content })
const say = (session: Session, content: string) =>
  session.send({ type: 'reply.record', kind: 'text', content })

async function opened(): Promise<Waymark> {
  return Waymark.open({ store: new MemoryLog() })
}

describe("a session's brief", () => {
  it('quotes the reply that a short prompt answered, however much was said since', async () => {
    const waymark = await opened()
    const session = await waymark.createSession()
    await ask(session, 'Fix the login of the service, and say what you changed.')
    await say(session, 'Two ways: hash with scrypt, or ask the provider. Which one?')
    await ask(session, 'the first')
    for (let n = 0; n < limits.recentTextsMax + 3; n++) await say(session, `Step ${n} is done.`)
    const { text } = await session.brief()
    expect(text).toContain('> the first\nIt followed this reply:\n> Two ways: hash with scrypt')
    expect(text).toContain('## Last reply\n> Step 7 is done.')
  })

  it('names what was done after the last words, and what is open of it', async () => {
    const waymark = await opened()
    const session = await waymark.createSession()
    await ask(session, 'Deploy it')
    await say(session, 'I build it first.')
    await session.send({ type: 'tool.call', toolCallId: 'c1', name: 'Bash', target: 'make build' })
    await session.send({ type: 'tool.return', toolCallId: 'c1', outcome: 'error' })
    await session.send({ type: 'tool.call', toolCallId: 'c2', name: 'Bash', target: 'make deploy' })
    await session.send({ type: 'call.fail', reason: 'overloaded' })
    const { text } = await session.brief({ level: 1 })
    expect(text).toContain('- Bash: make deploy (no result)\n- Bash: make build (error)')
    expect(text).toMatch(/outcome unknown\n- Bash: make deploy \(version \d+/)
    expect(text).toContain('The model could not be reached at last: overloaded')
  })

  it('of a session that continues another one tells how that ended; a fork knows it by itself', async () => {
    const waymark = await opened()
    const before = await waymark.createSession({ title: 'first' })
    await ask(before, 'Build the login')
    await say(before, 'The form is done, the hashing is not.')
    const next = await waymark.createSession({ continuesSessionId: before.id })
    expect((await next.brief()).text).toContain('Its last reply:\n> The form is done, the hashing is not.')
    const fork = await before.fork()
    const forked = await fork.brief()
    expect(forked.text).toContain('## Last reply\n> The form is done')
    expect(forked.sections.map(({ name }) => name)).not.toContain('before')
  })

  it('does without a session before that is not at hand', async () => {
    const waymark = await opened()
    const elsewhere = 'sess_00000000-0000-4000-8000-00000000000f'
    const session = await waymark.createSession({ continuesSessionId: elsewhere })
    const { text, sections } = await session.brief()
    expect(text).toContain(`- Continues: ${elsewhere}`)
    expect(sections.map(({ name }) => name)).not.toContain('before')
  })

  it('comes when a text is damaged, with what the events know of it', async () => {
    const home = mkdtempSync(join(tmpdir(), 'waymark-brief-'))
    onTestFinished(() => rmSync(home, { recursive: true, force: true }))
    const words = `Fix the login. ${'And mind the tests. '.repeat(30)}`
    const waymark = await Waymark.open({ home })
    const session = await waymark.createSession()
    await ask(session, words)
    const { id } = session
    await waymark.close()
    await tamper(join(home, 'sessions/waymark.db'))
    const again = await Waymark.open({ home })
    onTestFinished(() => again.close())
    const { text } = await (await again.openSession(id)).brief()
    expect(text).toContain('> Fix the login. And mind the tests.')
    expect(text).toContain('(the rest of this text cannot be read: waymark verify')
    await expect(again.content(sha256(words))).rejects.toMatchObject({ code: 'DAMAGED_RECORD' })
  })
})

/** Changes every text of a store behind its back. */
async function tamper(path: string): Promise<void> {
  const found = [findNodeSqlite(), await findBetterSqlite3()].find((one) => 'driver' in one)
  if (found === undefined || !('driver' in found)) throw new Error('no SQLite to tamper with')
  const connection = found.driver.open(path, 'read-write')
  connection.exec(`UPDATE contents SET body = x'00414243'`)
  connection.close()
}

/** For every code, damage that leads to it. A check without a scenario does not compile. */
import { chmodSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FindingCode } from '../../src/doctor/checks.ts'
import type { ExaminationOptions } from '../../src/doctor/examine.ts'
import type { Finding } from '../../src/doctor/finding.ts'
import { hanging, idOfGoneProcess, later, type Place } from './support.ts'

export interface Scenario {
  readonly what: string
  /** Damages the home, and gives what the examination is asked. */
  readonly damage: (place: Place) => Promise<ExaminationOptions>
  readonly severity: Finding['severity']
  readonly message: RegExp
  readonly proposal: RegExp
  readonly fixable?: true
}

export const fullWindow = {
  type: 'usage.record',
  callId: 'msg_1',
  model: 'claude-sonnet-4-5',
  inputTokens: 180_000,
  outputTokens: 5,
  cacheReadTokens: 0,
  cacheCreationTokens: 0,
} as const

/** Every code but the one that needs a machine without SQLite, which has a test of its own. */
export const scenarios: Readonly<Record<Exclude<FindingCode, 'old-sqlite'>, Scenario>> = {
  'no-home': {
    what: 'the home is gone',
    damage: async ({ home }) => {
      rmSync(home, { recursive: true })
      return { home }
    },
    severity: 'problem',
    message: /^there is no such folder; looked from .*: it was named$/,
    proposal: /^waymark init/,
  },
  'torn-store': {
    what: 'the store was cut off',
    damage: async ({ store, sessions }) => {
      for (const ending of ['-wal', '-shm']) rmSync(`${store}${ending}`, { force: true })
      truncateSync(join(sessions, 'waymark.db'), 20_480)
      return {}
    },
    severity: 'problem',
    message: /^it was cut off: it has 20,480 bytes and should have \d+,\d+$/,
    proposal: /restore a backup/,
  },
  'other-version': {
    what: 'a later Waymark wrote the store',
    damage: async ({ tamper }) => {
      await tamper('PRAGMA user_version = 999')
      return {}
    },
    severity: 'problem',
    message: /^it has schema version 999, this Waymark knows up to \d+$/,
    proposal: /npm install/,
  },
  'huge-write-ahead-log': {
    what: 'a reader that never pauses',
    damage: async (place) => {
      const { standardDriver } = await import('../store/files.ts')
      const { onTestFinished } = await import('vitest')
      const reader = (await standardDriver()).open(place.store, 'read-only')
      onTestFinished(() => reader.close())
      reader.exec('BEGIN')
      reader.prepare('SELECT count(*) FROM events').get()
      await place.tamper(
        `CREATE TABLE ballast (bytes BLOB); INSERT INTO ballast VALUES (randomblob(70000000))`,
      )
      return {}
    },
    severity: 'warning',
    message: /^it has 7\d,\d{3},\d{3} bytes; 67,108,864 are what it is cut to$/,
    proposal: /waymark doctor --fix/,
    fixable: true,
  },
  'disk-almost-full': {
    what: 'a disk with 100 MB left',
    damage: async () => ({ diskSpace: async () => ({ freeBytes: 100_000_000, totalBytes: 1_000_000_000 }) }),
    severity: 'problem',
    message: /^100,000,000 of 1,000,000,000 bytes are free \(10\.0 %\)$/,
    proposal: /^waymark maintain/,
  },
  'open-permissions': {
    what: 'a folder and a file open to everybody',
    damage: async ({ sessions, store }) => {
      chmodSync(sessions, 0o755)
      chmodSync(store, 0o644)
      return {}
    },
    severity: 'warning',
    message:
      /^[23] of its files and folders are open to others: sessions 755, waymark\.db 644(, waymark\.db-wal 644)?$/,
    proposal: /chmod -R go= /,
    fixable: true,
  },
  'unignored-home': {
    what: 'a repository, and no .gitignore',
    damage: async ({ git, sessions }) => {
      git('init', '--quiet')
      rmSync(join(sessions, '.gitignore'))
      return {}
    },
    severity: 'warning',
    message: /nothing ignores it$/,
    proposal: /waymark doctor --fix/,
    fixable: true,
  },
  'invalid-settings': {
    what: 'a setting with a value that it does not take',
    damage: async ({ home }) => {
      mkdirSync(join(home, 'config'), { recursive: true })
      writeFileSync(join(home, 'config/config.json'), '{"session": {\n  "cache_enabled": "maybe" }}')
      return {}
    },
    severity: 'problem',
    message: /^\S+config\.json:2:20: session\.cache_enabled is "maybe"/,
    proposal: /^it takes true or false/,
  },
  'leftover-files': {
    what: 'a temporary file of a process that is gone',
    damage: async ({ sessions }) => {
      writeFileSync(join(sessions, `.session-state.json.${idOfGoneProcess()}.1.tmp`), '{', { mode: 0o600 })
      return {}
    },
    severity: 'notice',
    message: /^1 file of writers that are gone: \.session-state\.json\.\d+\.1\.tmp$/,
    proposal: /--fix/,
    fixable: true,
  },
  'lost-session': {
    what: 'a session is asked for that is nowhere',
    damage: async () => ({ session: 'sess_00000000' }),
    severity: 'problem',
    message: /^no session "sess_00000000" in /,
    proposal: /^waymark list --all/,
  },
  'unimported-transcripts': {
    what: 'a transcript of this project in the tool’s own folder',
    damage: async ({ folder, userFolder }) => {
      const below = join(userFolder, '.claude/projects/-project')
      mkdirSync(below, { recursive: true })
      const id = '11111111-2222-4333-8444-555555555555'
      const entry = { type: 'user', sessionId: id, cwd: folder, message: { role: 'user', content: 'x' } }
      writeFileSync(join(below, `${id}.jsonl`), `${JSON.stringify(entry)}\n`)
      return {}
    },
    severity: 'notice',
    message: /^1 transcript of .*project not imported, the newest is 11111111-/,
    proposal: /^waymark import .*-project$/,
  },
  'orphaned-events': {
    what: 'the entry of a session was deleted',
    damage: async ({ session, tamper }) => {
      const id = await session()
      await tamper(`DELETE FROM streams WHERE session_id = '${id}'`)
      return {}
    },
    severity: 'problem',
    message: /^2 events of sessions that are not there any more$/,
    proposal: /restore a backup/,
  },
  'damaged-contents': {
    what: 'bytes of a stored text were changed',
    damage: async ({ tamper }) => {
      await tamper(`UPDATE contents SET body = x'00414243'`)
      return { deep: true }
    },
    severity: 'problem',
    message: /^1 of 1 stored text are not what was stored: [0-9a-f]{12}…: its bytes do not have its hash$/,
    proposal: /^import its source again/,
  },
  'memory-drift': {
    what: 'a memory file was edited',
    damage: async ({ sessions }) => {
      writeFileSync(join(sessions, 'session-state.json'), '{}', { mode: 0o600 })
      return {}
    },
    severity: 'warning',
    message: /^1 memory file not as the log says: session-state\.json is edited/,
    proposal: /^waymark sync$/,
    fixable: true,
  },
  'damaged-records': {
    what: 'a recorded event was changed',
    damage: async ({ tamper }) => {
      await tamper(`UPDATE events SET data = replace(data, 'first', 'other')`)
      return {}
    },
    severity: 'problem',
    message: /^version 3: damaged-event: /,
    proposal: /^waymark verify sess_/,
  },
  'recovery-stuck': {
    what: 'recovered three times and not worked in',
    damage: async ({ library, sessionId }) => {
      for (let time = 0; time < 3; time++) await library((waymark) => waymark.recover(sessionId))
      return {}
    },
    severity: 'warning',
    message: /^recovered 3 times since version \d+, with no work between$/,
    proposal: /^waymark fork sess_\S+ --at \d+ /,
  },
  'budget-exceeded': {
    what: 'a window that is 90 % full',
    damage: async ({ session, send }) => {
      const id = await session({ windowTokens: 200_000 })
      await send(id, fullWindow)
      return {}
    },
    severity: 'warning',
    message:
      /^emergency since version \d+: 180,000 of 200,000 tokens \(90\.0 %\); heaviest: prompts, replies and results 180,000$/,
    proposal: /^waymark context sess_\S+ to see what could go; waymark new/,
  },
  'handoff-failed': {
    what: 'a handoff that has waited for two hours',
    damage: async ({ send, sessionId }) => {
      await send(sessionId, { type: 'session.hand-off', toAgent: 'reviewer' })
      return { clock: later(120) }
    },
    severity: 'warning',
    message:
      /^offered to reviewer since \S+ \S+ \(\d h \d+ min\), with a checkpoint of version \d+, 1 open task, 0 calls without a result, and no package$/,
    proposal:
      /^waymark handoff accept sess_\S+ --agent reviewer to take it over; waymark handoff withdraw sess_/,
  },
  'idle-tasks': {
    what: 'a task that was begun two hours ago',
    damage: async ({ send, sessionId }) => {
      await send(sessionId, { type: 'task.start', taskId: 'T-1' })
      return { clock: later(120) }
    },
    severity: 'warning',
    message: /^1 task in progress \(T-1\), and nobody has written since /,
    proposal: /^waymark recover sess_/,
  },
  'calls-without-result': {
    what: 'a writer that was killed in the middle of a call',
    damage: async (place) => {
      const call = { type: 'tool.call', toolCallId: 'call-1', name: 'Bash' }
      const { kill } = await hanging(place, place.sessionId, [call])
      await kill()
      return {}
    },
    severity: 'warning',
    message: /^1 call without a result \(Bash of version \d+\), and the process that wrote it is gone since /,
    proposal: /^waymark recover sess_/,
  },
  'missing-checkpoints': {
    what: 'a thousand events without a checkpoint',
    damage: async ({ library }) => {
      await library(
        async (waymark) => {
          const session = await waymark.createSession()
          const adding = Array.from({ length: 1_000 }, (_, n) =>
            session.send({ type: 'task.add', taskId: `T-${n}`, title: 'one of many' }),
          )
          await Promise.all(adding)
        },
        { policies: [] },
      )
      return {}
    },
    severity: 'warning',
    message: /^1,001 events and no checkpoint$/,
    proposal: /^waymark checkpoint sess_/,
  },
  'missing-contents': {
    what: 'an event that names a text nobody stored',
    damage: async ({ send, sessionId }) => {
      const content = { hash: 'ab'.repeat(32), bytes: 5, preview: 'hello' }
      await send(sessionId, { type: 'prompt.submit', content })
      return {}
    },
    severity: 'problem',
    message: /^1 of 2 texts looked for are not there, the first is abababababab… of version \d+$/,
    proposal: /restore a backup/,
  },
  'clock-backwards': {
    what: 'a clock that was put back by an hour',
    damage: async ({ library }) => {
      let hour = 12
      const clock = { now: () => `2026-01-01T${hour}:00:00.000Z` }
      await library(
        async (waymark) => {
          const session = await waymark.createSession()
          hour = 11
          await session.send({ type: 'task.add', taskId: 'T-1', title: 'before it' })
        },
        { clock, policies: [] },
      )
      return {}
    },
    severity: 'warning',
    message: /^1 event recorded before the one in front of them, the first at version 2, by up to 3,600 s$/,
    proposal: /^waymark log sess_\S+ --all --after 0, /,
  },
  'check-failed': {
    what: 'a disk that does not answer',
    damage: async () => ({
      diskSpace: async () => {
        throw new Error('no such device')
      },
    }),
    severity: 'problem',
    message: /^disk-almost-full: no such device$/,
    proposal: /^waymark verify$/,
  },
}

/**
 * Does what it is asked, one thing at a time, so that a test can let the disk fail or the clock jump between two of them. Each line of
 * input is `{ "ask": …, … }`, each line of output `{ "ok": … }` or `{ "error": { name, code, message, hint } }`.
 * Usage: serve.mjs <home>
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { checkMemoryFiles, Waymark } from '../../../dist/src/index.js'

const [home = ''] = process.argv.slice(2)
let waymark
let session

/** @param {string} sessionId */
async function eventsOf(sessionId) {
  const events = []
  for await (const page of waymark.log.read(sessionId)) events.push(...page)
  return events.map(({ version, commandId, type, time }) => ({ version, commandId, type, time }))
}

const answers = {
  open: async ({ options }) => {
    waymark = await Waymark.open({ home, ...options })
  },
  begin: async ({ options }) => {
    session = await waymark.createSession(options)
    return session.id
  },
  'open-session': async ({ sessionId }) => {
    session = await waymark.openSession(sessionId)
    return session.version
  },
  send: async ({ command, commandId }) => (await session.send(command, { commandId })).version,
  'send-all': async ({ commands }) => {
    const sent = commands.map(({ command, commandId }) => session.send(command, { commandId }))
    return (await Promise.allSettled(sent)).map((one) =>
      one.status === 'fulfilled' ? one.value.version : one.reason.code,
    )
  },
  checkpoint: async ({ options }) => (await session.checkpoint(options)).version,
  version: async () => (await session.refresh()).version,
  at: async ({ when }) => (await session.at(when)).version,
  events: async () => eventsOf(session.id),
  verify: async () => (await waymark.verify()).ok,
  recover: async () => (await waymark.recover(session.id)).damage,
  compact: async () => waymark.log.compact({ dropSnapshot: () => false }),
  brief: async () => (await session.brief()).text,
  'memory-files': async () =>
    checkMemoryFiles({ folder: waymark.sessionsFolder, log: waymark.log }, waymark.settings),
  now: () => new Date().toISOString(),
  'take-room': ({ path, bytes }) => writeFileSync(path, Buffer.alloc(bytes)),
  /** Takes up all the room there is, so that no byte can be written any more. */
  'fill-disk': ({ path }) => {
    for (let bytes = 65_536; bytes > 0; bytes = Math.floor(bytes / 2)) {
      try {
        for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' })
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error
      }
    }
  },
  'free-disk': ({ path }) => rmSync(path),
  mount: ({ options, path }) => void execFileSync('mount', ['-o', options, path], { stdio: 'pipe' }),
  /** Runs the built command where this process is. */
  command: ({ args }) => {
    const command = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
    const { status, stdout, stderr } = spawnSync(process.execPath, [command, '--home', home, ...args], {
      encoding: 'utf8',
    })
    return { code: status, stdout, stderr }
  },
  close: async () => waymark.close(),
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  let answer
  try {
    answer = { ok: (await answers[request.ask](request)) ?? null }
  } catch (error) {
    const { name, code = null, message, hint = null } = error
    answer = { error: { name, code, message, hint } }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

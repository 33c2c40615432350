/**
 * Goal: a secret that somebody does not want in the log never comes there, and the same import again adds nothing.
 * Method: a transcript with secrets in prompts, tool calls, results and a damaged line, imported with and without the choice.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { redactedText, secretRedactor, secretsNamed } from '../../src/events/secrets.ts'
import { importFiles } from '../../src/import/import.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import { environment, temporaryFolder } from './support.ts'

const secrets = {
  aws: 'AKIAIOSFODNN7EXAMPLE',
  github: `ghp_${'a1B2'.repeat(9)}`,
  anthropic: `sk-ant-api03-${'xY9_'.repeat(10)}`,
  jwt: `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${'c2ln'.repeat(8)}`,
  key: `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n${'MIIEpAIBAAKCAQEA\n'.repeat(4)}-----END RSA PRIVATE KEY-----`,
  url: 'hunter2hunter2',
}
const uuid = (n: number): string => `10000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const common = (n: number) => ({
  sessionId: uuid(0),
  uuid: uuid(n),
  parentUuid: n === 1 ? null : uuid(n - 1),
  timestamp: `2026-01-05T10:00:${String(n).padStart(2, '0')}.000Z`,
  cwd: '/project',
  version: '2.0.0',
  isSidechain: false,
  userType: 'external',
})

function transcript(): string {
  const usage = {
    input_tokens: 10,
    output_tokens: 5,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
  }
  const assistant = (n: number, content: readonly object[]) => ({
    ...common(n),
    type: 'assistant',
    requestId: `req_${n}`,
    message: {
      id: `msg_${n}`,
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content,
      usage,
    },
  })
  const lines = [
    {
      ...common(1),
      type: 'user',
      message: {
        role: 'user',
        content: `deploy with ${secrets.aws} to postgres://me:${secrets.url}@host/db`,
      },
    },
    assistant(2, [{ type: 'text', text: `I use ${secrets.github}` }]),
    assistant(3, [
      { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command: `export K=${secrets.anthropic}` } },
    ]),
    {
      ...common(4),
      type: 'user',
      message: {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: `${secrets.jwt}\n${secrets.key}` }],
      },
    },
  ].map((line) => JSON.stringify(line))
  return `${lines.join('\n')}\n{"damaged": "${secrets.aws}\n`
}

async function everythingIn(log: MemoryLog): Promise<string> {
  const parts: string[] = [...log.stored.bookmarks.values()]
  for (const { rows } of log.stored.streams.values())
    for (const { envelope, data } of rows) parts.push(envelope, data)
  for (const bytes of log.stored.contents.values()) parts.push(Buffer.from(bytes).toString())
  return parts.join('\n')
}

describe('import', () => {
  const path = () => {
    const file = join(temporaryFolder(), `${uuid(0)}.jsonl`)
    writeFileSync(file, transcript())
    return file
  }

  it('keeps everything unless it is asked not to', async () => {
    const log = new MemoryLog()
    await importFiles(log, environment(), [path()])
    const all = await everythingIn(log)
    for (const secret of [secrets.aws, secrets.github, secrets.anthropic, secrets.jwt, secrets.url]) {
      expect(all).toContain(secret)
    }
  })

  it('takes secrets out of all that it reads before it is recorded', async () => {
    const log = new MemoryLog()
    const { files } = await importFiles(log, environment(), [path()], { redact: ['secrets'] })
    expect(files[0]?.appended).toBeGreaterThan(4)
    expect(files[0]?.damagedCount).toBe(1)
    const all = await everythingIn(log)
    for (const secret of [
      secrets.aws,
      secrets.github,
      secrets.anthropic,
      secrets.jwt,
      secrets.url,
      'MIIEpAIBAAKCAQEA',
    ]) {
      expect(all).not.toContain(secret)
    }
    expect(all).toContain(`deploy with ${redactedText} to postgres://me:${redactedText}@host/db`)
    expect((await verifyLog(log)).ok).toBe(true)
  })

  it('adds nothing when the same file comes again with the same choice, from wherever', async () => {
    const log = new MemoryLog()
    const [first, copy] = [path(), path()]
    await importFiles(log, environment(), [first], { redact: ['secrets'] })
    const before = log.stored.position
    for (const file of [first, copy]) {
      expect(await importFiles(log, environment(), [file], { redact: ['secrets'] })).toMatchObject({
        appended: 0,
      })
    }
    expect(log.stored.position).toBe(before)
  })

  it('takes out only what was asked for', async () => {
    const log = new MemoryLog()
    await importFiles(log, environment(), [path()], { redact: ['aws-key'] })
    const all = await everythingIn(log)
    expect(all).not.toContain(secrets.aws)
    expect(all).toContain(secrets.github)
  })

  it('refuses a shape that is not known, before anything is written', async () => {
    const log = new MemoryLog()
    await expect(importFiles(log, environment(), [path()], { redact: ['aws'] })).rejects.toMatchObject({
      code: 'USAGE',
    })
    expect(log.stored.position).toBe(0)
  })
})

describe('shapes of secrets', () => {
  const all = secretRedactor([...(secretsNamed('secrets') ?? []), 'email'])

  it.each([
    ...Object.values(secrets).filter((secret) => secret !== secrets.url),
    'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    `sk-proj-${'Ab1_'.repeat(12)}`,
    `AIza${'Sy4x_'.repeat(7)}`,
    'xoxb-123456789012-abcdefghijkl',
    `sk_live_${'4eC39HqLyjWDarjt'}`,
    `npm_${'aB3'.repeat(12)}`,
    'someone@example.org',
    `-----BEGIN PRIVATE KEY-----\n${'MIIE'.repeat(10)}`,
  ])('are found: %s', (secret) => {
    expect(all(`before ${secret} after`)).toMatch(/^before .*\[redacted\] ?(after)?$/s)
    expect(all(all(secret))).toBe(all(secret))
  })

  it.each([
    'sk-learn is a library',
    'AKIA is a prefix',
    'see README.md',
    'user@localhost',
    'https://host/path?a=b',
    'eyJ.eyJ.x',
  ])('are not seen in plain words: %s', (text) => {
    expect(all(text)).toBe(text)
  })

  it('take time in proportion to a text that was made to be slow', () => {
    const slow = ['-----BEGIN PRIVATE KEY-----', 'a@', 'eyJa.', 'sk-', 'x://', 'aws_secret_access_key=', '-']
    for (const piece of slow) {
      const text = piece.repeat(Math.ceil(2_000_000 / piece.length))
      const start = performance.now()
      all(text)
      expect(performance.now() - start, piece).toBeLessThan(8_000)
    }
  })
})

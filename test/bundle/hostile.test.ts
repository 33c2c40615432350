/**
 * Goal: nothing of a bundle that is not what was exported gets in, whoever made it; the place is told, and the home stays as it was.
 * Method: real bundles, each changed in one way: as bytes, as lines, and as lines whose closing record was made to fit again.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync, gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { exportBundle } from '../../src/bundle/export.ts'
import { unbundle } from '../../src/bundle/unbundle.ts'
import { memberBytesOf, packMember } from '../../src/kernel/gzip.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import { chainHash } from '../../src/log/codec.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { filled, temporaryFolder } from './support.ts'

type Line = Record<string, unknown>
let lines: readonly Line[]
let bytes: Buffer

beforeAll(async () => {
  const here = await Waymark.open({ store: new MemoryLog(), policies: [] })
  const session = await filled(here)
  const folder = mkdtempSync(join(tmpdir(), 'waymark-hostile-'))
  const path = join(folder, 'a.waymark')
  await exportBundle(here.log, session.id, path)
  bytes = readFileSync(path)
  rmSync(folder, { recursive: true, force: true })
  lines = gunzipSync(bytes)
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
})

async function received(file: Uint8Array): Promise<unknown> {
  const path = join(temporaryFolder(), 'a.waymark')
  writeFileSync(path, file)
  const log = new MemoryLog()
  try {
    return await unbundle(log, path)
  } finally {
    expect({ streams: log.stored.streams.size, contents: log.stored.contents.size }).toEqual(
      accepted ? expect.anything() : { streams: 0, contents: 0 },
    )
  }
}
let accepted = false

/** Lines as a file; with `fitting`, their closing record counts and hashes what is there now. */
function fileOf(changed: readonly Line[], fitting = true): Buffer {
  const texts = changed.map((line) => `${JSON.stringify(line)}\n`)
  const end = changed.at(-1)
  if (fitting && end?.kind === 'end') {
    const count = (kind: string) => changed.filter((line) => line.kind === kind).length
    const counted = { events: count('event'), snapshots: count('snapshot'), contents: count('content') }
    const hash = sha256(texts.slice(0, -1).join(''))
    texts[texts.length - 1] = `${JSON.stringify({ ...end, ...counted, sha256: hash })}\n`
  }
  return Buffer.from(packMember(Buffer.from(texts.join(''))))
}

const edit = (kind: string, index: number, change: (line: Line) => Line): readonly Line[] => {
  let seen = -1
  return lines.map((line) => {
    if (line.kind !== kind) return line
    seen += 1
    return seen === index ? change(line) : line
  })
}

/** A chain that somebody made to fit: hashes of all events computed again. */
function rechained(changed: readonly Line[]): readonly Line[] {
  let previous = ''
  const result = changed.map((line) => {
    if (line.kind !== 'event') return line
    previous = chainHash(
      previous,
      String(line.envelope),
      String(line.data),
      Buffer.from(String(line.salt), 'hex'),
    )
    return { ...line, hash: previous }
  })
  return result
    .filter(({ kind }) => kind !== 'snapshot')
    .map((line) => {
      if (line.kind !== 'waymark-bundle') return line
      const [stream] = line.streams as Line[]
      return { ...line, streams: [{ ...stream, hash: previous }] }
    })
}

it('the unchanged one is taken in, written anew too', async () => {
  accepted = true
  expect(await received(bytes)).toMatchObject({ streams: [{ status: 'new' }] })
  expect(await received(fileOf(lines))).toMatchObject({ streams: [{ status: 'new' }] })
  expect(await received(fileOf(rechained(lines)))).toMatchObject({ streams: [{ status: 'new' }] })
  accepted = false
})

describe('a file', () => {
  const cuts = [0, 1, 19, 30, 0.5, 0.9]
  it.each(cuts)('that is cut off is refused (%d)', async (cut) => {
    const length = cut < 1 && cut > 0 ? Math.floor(bytes.length * cut) : cut
    await expect(received(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' })
  })

  it('in which any byte was changed is refused, or means the same', async () => {
    const step = Math.max(1, Math.floor(bytes.length / 60))
    for (let at = 0; at < bytes.length; at += step) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0x41
      await expect(received(changed), `byte ${at}`).rejects.toMatchObject({ code: 'BUNDLE_INVALID' })
    }
  })

  it('with something after its end is refused', async () => {
    for (const more of [Buffer.from('x'), Buffer.alloc(100), bytes, fileOf([{ kind: 'event' }], false)]) {
      await expect(received(Buffer.concat([bytes, more]))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' })
    }
  })

  it('of another kind is refused', async () => {
    for (const other of ['', 'hello', '{"type":"user"}\n', 'SQLite format 3\0']) {
      await expect(received(Buffer.from(other))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' })
    }
  })

  it('of a later format is told as that', async () => {
    const later = edit('waymark-bundle', 0, (line) => ({ ...line, format: 2, more: [] }))
    await expect(received(fileOf(later))).rejects.toMatchObject({ code: 'STORE_TOO_NEW' })
  })

  it('that would grow past any bound is refused before it does', async () => {
    const bomb = Buffer.from(packMember(Buffer.alloc(1)))
    const packed = deflateRawSync(Buffer.alloc(400_000_000, 0x20), { level: 1 })
    const member = Buffer.concat([bomb.subarray(0, 20), packed, Buffer.alloc(8)])
    member.writeUInt32LE(member.length, 16)
    member.writeUInt32LE(400_000_000, member.length - 4)
    expect(memberBytesOf(member)).toBe(member.length)
    await expect(received(member)).rejects.toMatchObject({ code: 'BUNDLE_INVALID' })
    member.writeUInt32LE(1_000, member.length - 4)
    await expect(received(member)).rejects.toMatchObject({ code: 'BUNDLE_INVALID' })
  })

  it('with a line of 10 MB that says nothing is refused', async () => {
    const long = edit('event', 3, (line) => ({ ...line, data: `"${'x'.repeat(10_000_000)}"` }))
    await expect(received(fileOf(long))).rejects.toMatchObject({
      code: 'BUNDLE_INVALID',
      details: { line: 5 },
    })
    await expect(received(fileOf(rechained(long)))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' })
  })
})

const eventOf = (line: Line, field: 'envelope' | 'data', change: (value: Line) => Line): Line => ({
  ...line,
  [field]: JSON.stringify(change(JSON.parse(String(line[field])) as Line)),
})

const wrong: readonly (readonly [string, () => readonly Line[]])[] = [
  [
    'an event’s data',
    () => edit('event', 3, (line) => eventOf(line, 'data', (data) => ({ ...data, title: 'x' }))),
  ],
  [
    'an event’s envelope',
    () => edit('event', 3, (line) => eventOf(line, 'envelope', (e) => ({ ...e, actor: 'x' }))),
  ],
  ['a salt', () => edit('event', 3, (line) => ({ ...line, salt: '00'.repeat(16) }))],
  ['a hash', () => edit('event', 3, (line) => ({ ...line, hash: '0'.repeat(64) }))],
  ['a version', () => edit('event', 3, (line) => ({ ...line, version: 3 }))],
  ['a stream that is not named', () => edit('event', 3, (line) => ({ ...line, stream: 1 }))],
  ['an event that comes twice', () => lines.flatMap((line, index) => (index === 4 ? [line, line] : [line]))],
  ['an event that is missing', () => lines.filter((_, index) => index !== 4)],
  [
    'the last event missing',
    () => lines.filter(({ kind, version }) => kind !== 'event' || version !== lastVersion()),
  ],
  [
    'events in another order',
    () => lines.map((line, index) => (index === 3 ? lines[4] : index === 4 ? lines[3] : line) ?? line),
  ],
  ['a text', () => edit('content', 0, (line) => ({ ...line, text: `${String(line.text)}!` }))],
  [
    'a text that comes twice',
    () => lines.flatMap((line) => (line.kind === 'content' ? [line, line] : [line])),
  ],
  ['a text that nothing refers to', () => insertBeforeEnd({ kind: 'content', hash: sha256('x'), text: 'x' })],
  [
    'a text that says it was redacted',
    () => edit('content', 0, (line) => ({ ...line, redacted: true, text: 'x' })),
  ],
  ['a text that is missing, and not counted as that', () => lines.filter(({ kind }) => kind !== 'content')],
  ['a snapshot’s hash', () => edit('snapshot', 0, (line) => ({ ...line, stateHash: '0'.repeat(64) }))],
  ['a snapshot’s body', () => edit('snapshot', 0, (line) => ({ ...line, body: 'AAAA' }))],
  [
    'a snapshot’s place in the chain',
    () => edit('snapshot', 0, (line) => ({ ...line, chainHash: '0'.repeat(64) })),
  ],
  ['a snapshot at another version', () => edit('snapshot', 0, (line) => ({ ...line, version: 2 }))],
  ['the header’s hash of the newest event', () => header((stream) => ({ ...stream, hash: '0'.repeat(64) }))],
  ['the header’s version', () => header((stream) => ({ ...stream, version: 5 }))],
  ['a header that begins later', () => header((stream) => ({ ...stream, after: 2 }))],
  [
    'another session in the header',
    () => edit('waymark-bundle', 0, (line) => ({ ...line, sessionId: 'sess_x' })),
  ],
  ['two headers', () => [lines[0] ?? {}, ...lines]],
  ['no header', () => lines.slice(1)],
  ['no closing record', () => lines.slice(0, -1)],
  ['a line that is no line', () => insertBeforeEnd({ kind: 'nonsense' })],
  ['a field too many', () => edit('event', 3, (line) => ({ ...line, extra: 1 }))],
]

function lastVersion(): unknown {
  return lines.findLast(({ kind }) => kind === 'event')?.version
}

function insertBeforeEnd(line: Line): readonly Line[] {
  return [...lines.slice(0, -1), line, ...lines.slice(-1)]
}

function header(change: (stream: Line) => Line): readonly Line[] {
  return edit('waymark-bundle', 0, (line) => ({ ...line, streams: (line.streams as Line[]).map(change) }))
}

describe('lines that were changed, with a closing record that fits them', () => {
  it.each(wrong)('are refused: %s', async (_what, change) => {
    await expect(received(fileOf(change()))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' })
  })

  it.each(['events', 'snapshots', 'contents', 'missingContents', 'sha256'])(
    'a closing record is refused that says something else: %s',
    async (field) => {
      const changed = edit('end', 0, (line) => ({
        ...line,
        [field]: field === 'sha256' ? '0'.repeat(64) : Number(line[field]) + 1,
      }))
      await expect(received(fileOf(changed, false))).rejects.toMatchObject({
        code: 'BUNDLE_INVALID',
        details: { line: lines.length },
      })
    },
  )
})

describe('a chain that somebody made anew', () => {
  it('is refused for an event of an unknown type, as that', async () => {
    const changed = rechained(
      edit('event', 3, (line) =>
        eventOf(line, 'envelope', (envelope) => ({ ...envelope, type: 'task.exploded' })),
      ),
    )
    await expect(received(fileOf(changed))).rejects.toMatchObject({ code: 'UNKNOWN_EVENT' })
  })

  it('is refused for data that its type may not hold', async () => {
    const changed = rechained(
      edit('event', 3, (line) => eventOf(line, 'data', (data) => ({ ...data, title: 'x'.repeat(5_000) }))),
    )
    await expect(received(fileOf(changed))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' })
  })

  it('is refused for events of another session', async () => {
    const changed = rechained(
      edit('event', 3, (line) =>
        eventOf(line, 'envelope', (envelope) => ({
          ...envelope,
          sessionId: 'sess_00000000-0000-4000-8000-000000000000',
        })),
      ),
    )
    await expect(received(fileOf(changed))).rejects.toMatchObject({ code: 'BUNDLE_INVALID' })
  })

  it('is refused for data that was replaced without a record of it', async () => {
    const changed = edit('event', 3, (line) => {
      const dataHash = sha256(
        Buffer.concat([Buffer.from(String(line.salt), 'hex'), Buffer.from(String(line.data))]),
      )
      return { ...eventOf(line, 'data', (data) => ({ ...data, title: 'forged' })), salt: dataHash }
    }).filter(({ kind }) => kind !== 'snapshot')
    await expect(received(fileOf(changed))).rejects.toMatchObject({
      code: 'BUNDLE_INVALID',
      message: expect.stringContaining('no redaction says so'),
    })
  })

  it('is refused for a command that was recorded twice', async () => {
    const first = JSON.parse(String(lines[1]?.envelope)) as Line
    const changed = rechained(
      edit('event', 3, (line) =>
        eventOf(line, 'envelope', (envelope) => ({ ...envelope, commandId: first.commandId })),
      ),
    )
    await expect(received(fileOf(changed))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })
})

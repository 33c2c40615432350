/**
 * Redaction: data is taken out of recorded events and of stored texts, and the session records that it was. Every hash stays as it is,
 * so references stay valid and the chain can be checked as before; what stands in the place of data is named by the event that records it.
 */
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { damaged } from '../log/codec.ts'
import type { Segment } from '../log/lineage.ts'
import type { EventLog, LogTransaction, ReplacedData, StoredRow, StreamInfo } from '../log/port.ts'
import { segmentsIn } from '../replay/chain.ts'
import { loadState, streamOf } from '../replay/load.ts'
import { type TakenOut, unrecordedIn } from '../replay/taken-out.ts'
import { offerWithoutPackage } from '../session/accept-handoff.ts'
import { caughtUp, type RecordEnvironment, record } from '../session/record.ts'
import { type Kept, redactedData } from './data.ts'
import { removeCheckpointFiles } from './files.ts'
import { MadeIds } from './made-ids.ts'
import type { RedactionProblem, RedactionReport, RedactOptions } from './report.ts'
import { type RedactionRules, rulesOf } from './rules.ts'
import { type Concerned, type Found, hashesIn, withInherited } from './shared.ts'
import { shapeOf, type Texts, textsOf } from './texts.ts'

/**
 * Takes data out of a session: of its own events, of those it inherited, where they lie, and of the texts they refer to. Events of other
 * sessions that refer to the same texts lose the preview of them. Doing it again finds nothing more.
 *
 * For a log of one's own: files beside it are not reached, unless `folder` names where checkpoints have theirs, and memory files
 * follow only when the home is told. `redactInHome` does both.
 *
 * @throws WaymarkError `USAGE` for a path that names something that must stay as it is, before anything is changed; `SESSION_NOT_FOUND`,
 * `STORE_BUSY`, DamagedRecord.
 * @example
 * ```ts
 * await session.send({ type: 'prompt.submit', content: 'my key is AKIAIOSFODNN7EXAMPLE' })
 * const { log, environment } = waymark
 * const report = await redactSession(log, environment, session.id, { patterns: ['aws-key'] })
 * report.events // 1
 * report.contents // 1
 * const { ok } = await waymark.verify()
 * ok // true
 * ```
 */
export async function redactSession(
  log: EventLog,
  environment: RecordEnvironment,
  sessionId: string,
  options: RedactOptions,
): Promise<RedactionReport> {
  const rules = rulesOf(options)
  const run = new RedactionRun(log, environment, sessionId, rules, options)
  const segments = await segmentsIn(log, await streamOf(log, sessionId), 0)
  const nothing: Texts = new Map()
  await run.look(segments)
  // What the events themselves hold goes with the last of the texts: by then the previews of all others have been made anew.
  let held = nothing
  for await (const texts of textsOf(log, segments, rules, run.textProblem)) {
    if (held.size > 0) await run.round(segments, held, false)
    held = texts
  }
  await run.round(segments, held, true, options.dryRun === true ? null : await unrecordedIn(log, sessionId))
  return run.finish()
}

class RedactionRun {
  readonly #log: EventLog
  readonly #environment: RecordEnvironment
  readonly #sessionId: string
  readonly #rules: RedactionRules
  readonly #options: RedactOptions
  /** Versions of events whose data was replaced, by session: its own, and those it inherited. */
  readonly #streams = new Map<string, { readonly own: Set<number>; readonly inherited: Set<number> }>()
  readonly #problems: RedactionProblem[] = []
  /** Texts that would be taken out. */
  readonly #taken = new Set<string>()
  #problemCount = 0
  #contents = 0

  constructor(
    log: EventLog,
    environment: RecordEnvironment,
    sessionId: string,
    rules: RedactionRules,
    options: RedactOptions,
  ) {
    this.#log = log
    this.#environment = { ...environment, policies: [] }
    this.#sessionId = sessionId
    this.#rules = rules
    this.#options = options
  }

  /** Looks at every event first: a path that names what must stay is refused before anything is changed. */
  async look(segments: readonly Segment[]): Promise<void> {
    const ids = new MadeIds(this.#rules)
    for (const { sessionId, after, to } of segments) {
      for await (const page of this.#log.rows(sessionId, { after, to })) {
        for (const row of page) {
          const { version } = row
          const { data, kept } = this.#redacted(sessionId, row, this.#rules, new Map())
          for (const each of kept) {
            if (each.isNamed) throw mustStay(sessionId, version, each)
            this.#problem({ sessionId, version, path: each.path, reason: each.reason })
          }
          for (const path of ids.pathsIn(row.data, data !== null || kept.length > 0)) {
            const reason = 'it was made from what was found, in small letters, and is an id'
            this.#problem({ sessionId, version, path, reason })
          }
        }
      }
    }
  }

  /** @throws DamagedRecord for a row whose texts cannot be read. */
  #redacted(
    sessionId: string,
    row: StoredRow,
    rules: RedactionRules | null,
    previews: Parameters<typeof redactedData>[2],
  ): ReturnType<typeof redactedData> {
    try {
      return redactedData({ ...shapeOf(row), data: row.data }, rules, previews)
    } catch (error) {
      if (error instanceof SyntaxError) throw damaged(sessionId, row.version, 'its text is not JSON')
      throw error
    }
  }

  readonly textProblem = (hash: string, reason: string): void => {
    this.#problem({ sessionId: this.#sessionId, version: null, path: `text ${hash}`, reason })
  }

  /** Takes some texts out, and with the last round what the events themselves hold. One transaction. */
  async round(
    segments: readonly Segment[],
    texts: Texts,
    isLast: boolean,
    unrecorded: TakenOut | null = null,
  ): Promise<void> {
    this.#options.onProgress?.(`looking for sessions that share ${texts.size} texts`)
    const limitOf = new Map(isLast ? segments.map(({ sessionId, to }) => [sessionId, to]) : [])
    const streams: StreamInfo[] = []
    const concerned: StreamInfo[] = []
    for await (const page of this.#log.streams()) {
      for (const stream of page) {
        streams.push(stream)
        if (limitOf.has(stream.sessionId) || (await this.#refers(stream, texts))) concerned.push(stream)
      }
    }
    this.#contents += texts.size
    if (this.#options.dryRun === true) {
      const found = new Map<string, Found>()
      for (const { sessionId } of concerned) {
        found.set(sessionId, await this.#foundIn(sessionId, texts, limitOf.get(sessionId) ?? 0))
      }
      for (const hash of texts.keys()) this.#taken.add(hash)
      this.#note(streams, found)
      return
    }
    const found = await this.#log.transact((transaction) =>
      this.#redactAll(transaction, { streams, concerned, texts, limitOf, unrecorded }),
    )
    this.#note(streams, found)
  }

  #redactAll(
    transaction: LogTransaction,
    {
      streams,
      concerned,
      texts,
      limitOf,
      unrecorded,
    }: {
      readonly unrecorded: TakenOut | null
      readonly streams: readonly StreamInfo[]
      readonly concerned: readonly StreamInfo[]
      readonly texts: Texts
      readonly limitOf: ReadonlyMap<string, number>
    },
  ): ReadonlyMap<string, Found> {
    const found = new Map<string, Found>()
    for (const { sessionId } of concerned) {
      const contents = new Set<string>()
      const limit = limitOf.get(sessionId) ?? 0
      const own = transaction.redact(sessionId, (row) =>
        this.#replacement(sessionId, row, { texts, limit }, contents),
      )
      found.set(sessionId, { own, contents })
    }
    for (const [hash, { bytes }] of texts) transaction.redactContent(hash, bytes)
    const all = withInherited(streams, found, new Map([[this.#sessionId, new Set(texts.keys())]]))
    for (const [sessionId, { events, contents }] of all) {
      this.#record(transaction, sessionId, events, [...contents])
    }
    if (unrecorded !== null) this.#recordEarlier(transaction, unrecorded, all.get(this.#sessionId))
    const ids = [...all.keys()]
    // How far an import has come is noted with words of its file; it finds what is recorded again without the note.
    transaction.forgetBookmarks(
      (key, value) =>
        key.startsWith('import/') && !key.startsWith('import/done/') && ids.some((id) => value.includes(id)),
    )
    return found
  }

  /** What was taken out before, where only another session of the line records it: to travel, the session has to say so itself. */
  #recordEarlier(transaction: LogTransaction, unrecorded: TakenOut, now: Concerned | undefined): void {
    const named = new Set(now?.events.map(({ version }) => version))
    const events = unrecorded.events.filter(({ version }) => !named.has(version))
    const contents = unrecorded.contents.filter((hash) => now?.contents.has(hash) !== true)
    this.#record(transaction, this.#sessionId, events, contents)
  }

  #record(
    transaction: LogTransaction,
    sessionId: string,
    events: readonly ReplacedData[],
    contents: readonly string[],
  ): void {
    let state = caughtUp(transaction, sessionId, null)
    const { reason } = this.#options
    const most = limits.redactedEventsMax
    for (let at = 0; at < Math.max(events.length, contents.length); at += most) {
      const command = {
        type: 'session.redact' as const,
        ...(reason === undefined ? {} : { reason }),
        rules: [...this.#rules.names],
        events: events.slice(at, at + most).map((event) => ({ ...event })),
        contents: contents.slice(at, at + most),
      }
      state = record(transaction, state, { sessionId, command }, this.#environment).state
    }
  }

  /** The new data of a row, if it changes. */
  #replacement(
    sessionId: string,
    row: StoredRow,
    { texts, limit }: { readonly texts: Texts; readonly limit: number },
    contents: Set<string>,
  ): string | null {
    const isLookedAt = row.version <= limit
    const shared = hashesIn(row.data).filter((hash) => texts.has(hash))
    for (const hash of shared) contents.add(hash)
    if (!isLookedAt && shared.length === 0) return null
    const previews = new Map(shared.map((hash) => [hash, texts.get(hash)?.preview ?? '']))
    return this.#redacted(sessionId, row, isLookedAt ? this.#rules : null, previews).data
  }

  async #foundIn(sessionId: string, texts: Texts, limit: number): Promise<Found> {
    const own: ReplacedData[] = []
    const contents = new Set<string>()
    for await (const page of this.#log.rows(sessionId)) {
      for (const row of page) {
        if (this.#replacement(sessionId, row, { texts, limit }, contents) !== null)
          own.push({ version: row.version, dataHash: '' })
      }
    }
    return { own, contents }
  }

  async #refers({ sessionId }: StreamInfo, texts: Texts): Promise<boolean> {
    if (texts.size === 0) return false
    for await (const page of this.#log.rows(sessionId)) {
      for (const { data } of page) if (hashesIn(data).some((hash) => texts.has(hash))) return true
    }
    return false
  }

  #note(streams: readonly StreamInfo[], found: ReadonlyMap<string, Found>): void {
    for (const [sessionId, { events, inherited }] of withInherited(streams, found, new Map())) {
      const known = this.#streams.get(sessionId) ?? { own: new Set(), inherited: new Set() }
      for (const [index, { version }] of events.entries()) {
        if (index < inherited) known.inherited.add(version)
        else known.own.add(version)
      }
      this.#streams.set(sessionId, known)
    }
  }

  #problem(problem: RedactionProblem): void {
    this.#problemCount += 1
    if (this.#problems.length < limits.redactionProblemsListedMax) this.#problems.push(problem)
  }

  async finish(): Promise<RedactionReport> {
    const { dryRun = false, folder } = this.#options
    const streams = [...this.#streams]
    const ids = new Set(streams.map(([sessionId]) => sessionId))
    for (const sessionId of new Set([this.#sessionId, ...ids])) await this.#checkOffer(sessionId)
    const filesRemoved = dryRun || folder === undefined ? [] : await removeCheckpointFiles(folder, ids)
    return {
      sessionId: this.#sessionId,
      dryRun,
      rules: this.#rules.names,
      streams: streams.map(([sessionId, { own, inherited }]) => ({
        sessionId,
        events: own.size,
        inherited: inherited.size,
      })),
      events: streams.reduce((sum, [, { own }]) => sum + own.size, 0),
      contents: this.#contents,
      problems: this.#problems,
      problemCount: this.#problemCount,
      filesRemoved,
      ...(dryRun ? { erased: null, notErasedBecause: null } : await this.#erase()),
    }
  }

  /** An offer that stands without its package: nobody can accept it, and somebody may wait. */
  async #checkOffer(sessionId: string): Promise<void> {
    const stream = await this.#log.stream(sessionId)
    if (stream?.summary?.status !== 'handed_off') return
    const offer = await offerWithoutPackage(
      this.#log,
      (await loadState(this.#log, sessionId)).state,
      this.#taken,
    )
    if (offer === undefined) return
    const reason = 'its package is redacted and cannot be accepted: withdraw it and offer again'
    this.#problem({ sessionId, version: null, path: `handoff ${offer.id}`, reason })
  }

  /** Also when nothing was found: an earlier redaction may have been stopped before it came to this. */
  async #erase(): Promise<Pick<RedactionReport, 'erased' | 'notErasedBecause'>> {
    this.#options.onProgress?.('writing the store anew')
    try {
      await this.#log.compact({ dropSnapshot: () => false, scrub: true })
      return { erased: true, notErasedBecause: null }
    } catch (error) {
      if (!(error instanceof WaymarkError)) throw error
      return { erased: false, notErasedBecause: error.message }
    }
  }
}

function mustStay(sessionId: string, version: number, { path, reason }: Kept): WaymarkError {
  return new WaymarkError('USAGE', {
    message: `${path} of version ${version} of session ${sessionId} cannot be taken out: ${reason}; nothing was changed`,
    hint: 'name a field that holds a text of any form, such as task:title or *.cwd',
    details: { sessionId, version, path },
  })
}

/**
 * The fast way to compare a stream's indexes with its events, while somebody reads these anyway. It asks about many entries in one question
 * and learns only how many of them are as they should be. Where that is not all, `indexProblems`, its plain twin, finds out which.
 */
import { isKnown, type LoggedEvent } from '../../events/envelope.ts'
import { reportedCall } from '../../log/calls.ts'
import type { IndexWatch } from '../../log/port.ts'
import { integerOf } from './columns.ts'
import { commandNumber } from './command-index.ts'
import type { Database } from './database.ts'
import { areBlocksSound, reportCount } from './indexes.ts'
import { placeOf } from './places.ts'
import type { StoredStream } from './streams.ts'

/** Entries of one question: enough that asking hardly counts, and a text of some ten kilobytes. */
const entriesMax = 512

/** Numbers of commands stand as keys: nothing is made of each pair but the two numbers. */
const commandsSql = `SELECT count(*) AS found FROM json_each(?) j
  JOIN commands c ON c.key = CAST(j.key AS INTEGER) AND c.place = j.value`

const reportsSql = `SELECT count(*) AS found FROM json_each(?) j
  JOIN reports r ON r.call_id = j.value ->> 0 AND r.place = j.value ->> 1 AND r.input_tokens = j.value ->> 2
    AND r.output_tokens = j.value ->> 3 AND r.cache_read_tokens = j.value ->> 4 AND r.cache_creation_tokens = j.value ->> 5`

export class SqliteIndexWatch implements IndexWatch {
  readonly #database: Database
  readonly #key: number
  readonly #version: number
  #commands: string[] = []
  #reports: (readonly [string, ...number[]])[] = []
  #reported = 0
  #agrees = true

  constructor(database: Database, { key }: Pick<StoredStream, 'key'>, version: number) {
    this.#database = database
    this.#key = key
    this.#version = version
  }

  see(event: LoggedEvent): void {
    if (event.index === 0) {
      const place = placeOf(this.#key, event.version)
      this.#commands.push(`"${commandNumber(this.#key, event.commandId)}":${place}`)
      if (this.#commands.length >= entriesMax) this.#askForCommands()
    }
    const call = event.type === 'usage.recorded' && isKnown(event) ? reportedCall(event) : null
    if (call === null) return
    const { inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens } = call.counters
    const place = placeOf(this.#key, event.version)
    this.#reports.push([call.callId, place, inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens])
    if (this.#reports.length >= entriesMax) this.#askForReports()
  }

  agrees(): boolean {
    this.#askForCommands()
    this.#askForReports()
    return (
      this.#agrees &&
      reportCount(this.#database, this.#key, this.#version) === this.#reported &&
      areBlocksSound(this.#database, this.#key)
    )
  }

  #askForCommands(): void {
    const entries = this.#commands
    this.#commands = []
    this.#ask(commandsSql, `{${entries.join(',')}}`, entries.length)
  }

  #askForReports(): void {
    const entries = this.#reports
    this.#reports = []
    this.#reported += entries.length
    this.#ask(reportsSql, JSON.stringify(entries), entries.length)
  }

  #ask(sql: string, entries: string, count: number): void {
    if (!this.#agrees || count === 0) return
    const found = integerOf(this.#database.get(sql, entries) ?? {}, 'found')
    if (found !== count) this.#agrees = false
  }
}

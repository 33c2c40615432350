/**
 * Where the batch of a command begins, by its id. The index holds numbers instead of ids, because there is an entry for nearly every event: 52
 * bits of a hash, and the next free number where two ids share one. The event itself says whose the entry is.
 */
import { WaymarkError } from '../../kernel/errors.ts'
import { hashNumber } from '../../kernel/hash.ts'
import { integerOf } from './columns.ts'
import type { Database } from './database.ts'
import { placeOf, placesPerStream } from './places.ts'

/** Entries that may have to give way to each other; two are rare, three have never been seen. */
const sharedMax = 64

/** Versions of a stream at which the batch of a command may begin; nearly always one or none. */
export function* versionsOfCommand(
  database: Database,
  key: number,
  commandId: string,
): Generator<number, void, undefined> {
  const number = commandNumber(key, commandId)
  for (let step = 0; step < sharedMax; step++) {
    const row = database.get('SELECT CAST(place AS REAL) AS place FROM commands WHERE key = ?', number + step)
    if (row === undefined) return
    const place = integerOf(row, 'place')
    if (Math.floor(place / placesPerStream) === key) yield place - placeOf(key, 0)
  }
}

/**
 * Notes where the batch of a command begins.
 *
 * @param isIts whether the batch that begins at a version of the stream is one of this command; asked only where a number is taken.
 * @throws WaymarkError `ALREADY_EXISTS` when the command has a batch.
 */
export function indexCommand(
  database: Database,
  commandId: string,
  key: number,
  version: number,
  isIts: (version: number) => boolean,
): void {
  const number = commandNumber(key, commandId)
  for (let step = 0; step < sharedMax; step++) {
    try {
      database.run('INSERT INTO commands VALUES (?, ?)', number + step, placeOf(key, version))
      return
    } catch (error) {
      if (!(error instanceof WaymarkError) || error.code !== 'ALREADY_EXISTS') throw error
      for (const other of versionsOfCommand(database, key, commandId)) if (isIts(other)) throw error
    }
  }
  throw new WaymarkError('LIMIT_REACHED', {
    message: `too many command ids share a number with ${commandId}`,
    hint: 'send it under another command id',
  })
}

/** The number under which a command stands in the index, or a little after it where others have taken it. */
export function commandNumber(key: number, commandId: string): number {
  return hashNumber(`${key}/${commandId}`)
}

/**
 * The usual stored envelope as one regular expression. Canonical JSON writes the keys in one order and without white space, so
 * an expression can both take an envelope apart and check each field, for half the cost of a parser and a schema.
 *
 * What it accepts, the schema accepts, with the same fields; a test holds that. It accepts ASCII only, so bytes read as Latin-1
 * do as well as text, and leaves out rare forms (escapes in the actor's name, the 29th of February, very large numbers): those go the plain way.
 */
const day =
  '(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))'
const time = `[0-9]{4}-${day}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z`
/** At most 1 + 99 + 4 * 25 characters, the bound of an id; dots stand alone and inside. */
const id = '[A-Za-z0-9][A-Za-z0-9_:@#+=~-]{0,99}(?:\\.[A-Za-z0-9_:@#+=~-]{1,24}){0,4}'
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
const sessionId = 'sess_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const integer = '[1-9][0-9]{0,14}'

/** The groups of the expression, by field. */
export const envelopeGroups = {
  actor: 1,
  causationId: 2,
  commandId: 3,
  correlationId: 4,
  id: 5,
  ignorable: 6,
  index: 7,
  recordedAt: 8,
  schemaVersion: 9,
  sessionId: 10,
  time: 11,
  type: 12,
  version: 13,
} as const

/** One for all sessions: an expression of each session's own is compiled anew whenever the session changes, and the code of it stays. */
export const envelopePattern = new RegExp(
  `^\\{"actor":"([ !#-[\\]-~]{1,200})",(?:"causationId":"(${id})",)?"commandId":"(${id})",` +
    `(?:"correlationId":"(${id})",)?"id":"(${uuid})",(?:"ignorable":(true),)?"index":(0|${integer}),` +
    `"recordedAt":"(${time})","schemaVersion":(${integer}),"sessionId":"(${sessionId})",` +
    `"time":"(${time})","type":"([a-z][a-z.-]{0,99})","version":(${integer})\\}$`,
)

/** Text from anywhere as a reader may safely be given it: nothing in it moves a cursor, colours, or turns the order of letters. */

/** What a terminal takes as an order: `ESC [ 31 m`. */
const terminalOrders = /(?![\t\n\r])\p{Cc}\[[0-?]*[ -/]*[@-~]/gu
const controls = /(?![\t\n\r])\p{Cc}/gu
/** Characters that nobody sees: they turn the direction of writing, mark bytes, or hide words. */
const unseen = /[\u061C\u200B\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/gu
const lineEnds = /\r\n?|[\u2028\u2029]/g

/** The text with line ends of one kind, without orders for a terminal, and without characters that nobody sees. It never grows. */
export function readable(text: string): string {
  return text.replace(lineEnds, '\n').replace(terminalOrders, '').replace(controls, ' ').replace(unseen, '')
}

/** The same on one line. */
export function onOneLine(text: string): string {
  return readable(text).replace(/\s+/g, ' ').trim()
}

/** Expectations as text: one line a row, so that a whole machine is read at a glance. */

/** What is expected of one command in one status under one condition. */
export interface Row {
  readonly number: string
  readonly status: string
  readonly command: string
  /** `-` when there is none. */
  readonly condition: string
  /** The status after the command, or `refused`. */
  readonly result: string
  /** The title of the test that shows the row. */
  readonly title: string
}

/** The name of the test of a row: its number makes it unlike any other. */
function titleOf(row: Omit<Row, 'title' | 'result'>): string {
  const under = row.condition === '-' ? '' : `, ${row.condition}`
  return `${row.number} ${row.status} + ${row.command}${under}`
}

/** Reads lines of `number | status | command | condition | result`; empty ones set groups apart. */
export function rowsOf(text: string): readonly Row[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [number, status, command, condition, result, ...more] = line.split('|').map((cell) => cell.trim())
      if (!number || !status || !command || !condition || !result || more.length > 0) {
        throw new Error(`not five cells: ${line}`)
      }
      return {
        number,
        status,
        command,
        condition,
        result,
        title: titleOf({ number, status, command, condition }),
      }
    })
}

/** Rows as cases of `it.each`, whose `%s` is then the row's title, unchanged. */
export function byTitle(rows: readonly Row[]): readonly (readonly [string, Row])[] {
  return rows.map((row) => [row.title, row])
}

/** The one table of ratios: rows as lines, what they aim at, and how they moved against the baseline. */

/** A row as JSON carries it: with whether it is where it should be, and the ratio of the baseline. */
export function finishedRow(part, { id, name, ratio, aim, measured }, baseline) {
  const before = baseline?.ratios[id]
  return { id, part, name, ratio, aim, met: isMet(ratio, aim), baseline: before ?? null, measured }
}

function isMet(ratio, aim) {
  if (aim === null) return null
  return 'atMost' in aim ? ratio <= aim.atMost : ratio >= aim.atLeast
}

function aimText(aim) {
  if (aim === null) return '-'
  return 'atMost' in aim ? `${aim.atMost} at most` : `${aim.atLeast} at least`
}

const metTexts = new Map([
  [true, 'yes'],
  [false, 'NO'],
  [null, ''],
])

function ratioText(ratio) {
  return ratio >= 100 ? ratio.toFixed(0) : ratio.toFixed(2)
}

/** How a ratio moved against the baseline's, in percent. */
function changeText({ ratio, baseline }) {
  if (baseline === null) return ''
  const percent = Math.round((ratio / baseline - 1) * 100)
  return percent === 0 ? '=' : `${percent > 0 ? '+' : '−'}${Math.abs(percent)} %`
}

const columns = ['ratio', 'is', 'aim', 'met', 'change', 'measured']

export function tableText(rows) {
  const cells = rows.map((row) => [
    row.name,
    ratioText(row.ratio),
    aimText(row.aim),
    metTexts.get(row.met),
    changeText(row),
    row.measured,
  ])
  const widths = columns.map((column, n) => Math.max(column.length, ...cells.map((line) => line[n].length)))
  const line = (texts) =>
    texts
      .map((text, n) => (n === 1 ? text.padStart(widths[n]) : text.padEnd(widths[n])))
      .join('  ')
      .trimEnd()
  return [columns, ...cells].map((texts) => `${line(texts)}\n`).join('')
}

/** The same rows as a table of Markdown, for a page. */
export function markdownText(rows) {
  const line = (texts) => `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |\n`
  const cells = rows.map((row) => [`\`${row.id}\``, ratioText(row.ratio), aimText(row.aim), row.measured])
  return [['row', 'ratio', 'aim', 'measured'], ['---', '---', '---', '---'], ...cells].map(line).join('')
}

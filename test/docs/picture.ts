/** A terminal's output as a picture: text with colours in, SVG out. */

const colours: Readonly<Record<number, string>> = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  36: '#79c0ff',
}

interface Run {
  readonly text: string
  readonly style: string
}

const cellWidth = 7.8
const lineHeight = 18
const margin = 16
/** Characters of a line; a longer one ends with an ellipsis. */
const columnsMax = 118

/** Draws `lines` as printed by a command, under the command that printed them. */
export function terminalPicture(command: string, lines: readonly string[]): string {
  const prompt: Run[] = [{ text: `$ ${command}`, style: ' font-weight="bold"' }]
  const rows = [prompt, ...lines.map((line) => shortened(runsOf(line)))]
  const columns = Math.max(...rows.map((row) => row.reduce((sum, { text }) => sum + text.length, 0)))
  const width = Math.ceil(columns * cellWidth) + 2 * margin
  const height = rows.length * lineHeight + 2 * margin
  const texts = rows.map((row, index) => {
    const y = margin + (index + 0.75) * lineHeight
    return `  <text x="${margin}" y="${y}">${row.map(({ text, style }) => `<tspan${style}>${escaped(text)}</tspan>`).join('')}</text>`
  })
  const font =
    'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13" xml:space="preserve" style="white-space:pre" fill="#e6edf3"'
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(`What ${command} prints`)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    `<g ${font}>`,
    ...texts,
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

/** A line with colours, as pieces of one style each. */
export function runsOf(line: string): readonly Run[] {
  const runs: Run[] = []
  let codes: readonly number[] = []
  // The escape character begins each change of style.
  for (const [index, piece] of line.split('\u001b[').entries()) {
    const text = index === 0 ? piece : piece.slice(piece.indexOf('m') + 1)
    if (index > 0) codes = changed(codes, Number(piece.slice(0, piece.indexOf('m'))))
    if (text !== '') runs.push({ text, style: styleOf(codes) })
  }
  return runs
}

function changed(codes: readonly number[], code: number): readonly number[] {
  if (code === 0) return []
  if (code === 22) return codes.filter((kept) => kept !== 1 && kept !== 2)
  if (code === 39) return codes.filter((kept) => colours[kept] === undefined)
  return [...codes, code]
}

function styleOf(codes: readonly number[]): string {
  const colour = codes.map((code) => colours[code]).find((found) => found !== undefined)
  const fill = codes.includes(2) ? '#8b949e' : colour
  return `${fill === undefined ? '' : ` fill="${fill}"`}${codes.includes(1) ? ' font-weight="bold"' : ''}`
}

function shortened(runs: readonly Run[]): readonly Run[] {
  let left = columnsMax
  return runs.flatMap(({ text, style }) => {
    if (left <= 0) return []
    const kept = text.length > left ? `${text.slice(0, left - 1)}…` : text
    left -= kept.length
    return [{ text: kept, style }]
  })
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/**
 * What a verb says. Data goes to stdout and nothing else does; notes, progress and errors go to stderr.
 * For people: aligned text, in colour on a terminal. For programs: JSON, or tab-separated values where stdout is no terminal.
 */
import { styleText } from 'node:util'
import { elapsedMs } from '../kernel/clock.ts'
import type { Fact, Tone } from '../views/text.ts'
import {
  aligned,
  alignedRow,
  type Cell,
  type Paint,
  type StyledText,
  tabSeparated,
  visible,
  visibleLines,
  widthsOf,
} from './layout.ts'
import { makeWriter, type Sink } from './writer.ts'

export interface Table {
  /** Titles of the columns, for people only: tab-separated values come without. */
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  /** Names the table where a verb prints several; the first value of each tab-separated row. */
  readonly section?: string
}

export interface Output {
  readonly json: boolean
  /** Text is laid out for people, not as tab-separated values. */
  readonly aligned: boolean
  /** Colours for stdout, if it gets any. */
  readonly paint: Paint
  /** One JSON document: all that a verb has to say under `--json`. */
  document(value: unknown): Promise<void>
  /** One line of a stream of JSON. */
  record(value: unknown): Promise<void>
  line(text: string | readonly StyledText[]): Promise<void>
  /** A text as it is, for programs to the byte but for a line end at its end; on a terminal with control characters written out. */
  text(text: string): Promise<void>
  table(table: Table): Promise<void>
  /** A row of a table that is not known as a whole; its columns are as wide as the caller says. */
  row(cells: readonly Cell[], widths: readonly number[]): Promise<void>
  facts(facts: readonly Fact[], section?: string): Promise<void>
  /** Something beside the data, for people: on stderr, and not under `--json`. */
  note(text: string): void
  /** Something that went wrong and did not stop the verb. */
  warn(text: string): void
  /** What a long verb is at: on stderr, only where that is a terminal, each text in place of the one before. */
  progress(text: string): void
  /** Resolves when everything said so far has been given to stdout. */
  flush(): Promise<void>
}

export interface OutputOptions {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly json: boolean
  /** False under `--no-color`. */
  readonly color: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
}

const progressIntervalMs = 100

const styleOf: Readonly<Record<Tone, Parameters<typeof styleText>[0] | null>> = {
  plain: null,
  strong: 'bold',
  quiet: 'dim',
  good: 'green',
  notice: 'cyan',
  warning: 'yellow',
  bad: 'red',
}

/**
 * Whether a stream gets colour: `--no-color`, then FORCE_COLOR, then NO_COLOR, then whether it is a terminal that is not dumb.
 */
export function wantsColour(
  stream: Pick<Sink, 'isTTY'>,
  options: Pick<OutputOptions, 'color' | 'environment'>,
): boolean {
  const { FORCE_COLOR: force, NO_COLOR: none, TERM: term } = options.environment
  if (!options.color) return false
  if (force !== undefined) return force !== '0' && force !== 'false'
  if (none !== undefined && none !== '') return false
  return stream.isTTY === true && term !== 'dumb'
}

export function painter(colour: boolean): Paint {
  return (text, tone) => {
    const style = styleOf[tone]
    return !colour || style === null || text === '' ? text : styleText(style, text, { validateStream: false })
  }
}

export function makeOutput(options: OutputOptions): Output {
  const { stdout, stderr, json, environment } = options
  const paint = painter(wantsColour(stdout, options))
  const paintNote = painter(wantsColour(stderr, options))
  const layout = environment.WAYMARK_LAYOUT
  const isAligned = layout === 'aligned' || (layout !== 'tsv' && stdout.isTTY === true)
  const progress = makeProgress(stderr, environment)
  const { write: writeLine, flush } = makeWriter(stdout, progress.clear)
  let isFirst = true
  const write = async (text: string): Promise<void> => {
    // A section is set apart from what comes before it, if anything does.
    if (!isFirst || text !== '') await writeLine(text)
    isFirst = false
  }
  const say = (text: string, tone: Tone): void => {
    // What was said before comes before; writing it has begun when this returns.
    void flush()
    progress.clear()
    stderr.write(`${paintNote(visibleLines(text), tone)}\n`)
  }
  return {
    json,
    aligned: isAligned,
    paint,
    document: (value) => write(JSON.stringify(value, null, 2)),
    record: (value) => write(JSON.stringify(value)),
    line: (text) => {
      const parts = typeof text === 'string' ? [{ text }] : text
      return write(parts.map((part) => paint(visible(part.text), part.tone ?? 'plain')).join(''))
    },
    text: (text) => {
      const lines = text.endsWith('\n') ? text.slice(0, -1) : text
      // Tabs are part of a text; they move the cursor no further than the text itself does.
      return write(stdout.isTTY === true ? lines.split('\t').map(visibleLines).join('\t') : lines)
    },
    table: async (table) => {
      for (const line of isAligned ? tableLines(table, paint) : tableValues(table)) await write(line)
    },
    row: (cells, widths) => write(isAligned ? alignedRow(cells, widths, paint) : tabSeparated(cells)),
    facts: async (facts, section) => {
      for (const line of isAligned ? factLines(facts, section, paint) : factValues(facts, section))
        await write(line)
    },
    note: (text) => {
      if (!json) say(text, 'quiet')
    },
    warn: (text) => say(`waymark: ${text}`, 'warning'),
    progress: (text) => progress.show(text),
    flush,
  }
}

function sectionLines(section: string | undefined, paint: Paint): readonly string[] {
  return section === undefined ? [] : ['', paint(section, 'strong')]
}

/** A table for people: titles above columns, those of numbers at the right. */
function tableLines({ columns, rows, section }: Table, paint: Paint): readonly string[] {
  const titles = columns.map((text): StyledText => ({ text, tone: 'quiet' }))
  const widths = widthsOf([titles, ...rows])
  const heading = titles.map((title, column) => {
    const ofNumbers = rows.length > 0 && rows.every((row) => isNumeric(row[column]))
    return ofNumbers ? { ...title, text: title.text.padStart(widths[column] ?? 0) } : title
  })
  return [...sectionLines(section, paint), ...aligned([heading, ...rows], paint, widths)]
}

function factLines(facts: readonly Fact[], section: string | undefined, paint: Paint): readonly string[] {
  const rows = facts.map(({ label, value, tone = 'plain' }): readonly Cell[] => [
    { text: label, tone: 'quiet' },
    { text: value, tone },
  ])
  return [...sectionLines(section, paint), ...aligned(rows, paint)]
}

function tableValues({ rows, section }: Table): readonly string[] {
  return rows.map((row) => tabSeparated(section === undefined ? row : [section, ...row]))
}

function factValues(facts: readonly Fact[], section: string | undefined): readonly string[] {
  return tableValues({
    columns: [],
    rows: facts.map(({ label, value }) => [label, value]),
    ...(section === undefined ? {} : { section }),
  })
}

function isNumeric(cell: Cell | undefined): boolean {
  return typeof cell === 'number' || cell === null
}

function makeProgress(
  stderr: Sink,
  environment: OutputOptions['environment'],
): { readonly show: (text: string) => void; readonly clear: () => void } {
  const able = stderr.isTTY === true && environment.TERM !== 'dumb'
  const clearLine = '\r\u001b[K'
  let shownAt = Number.NEGATIVE_INFINITY
  let isShown = false
  return {
    show: (text) => {
      if (!able || elapsedMs() - shownAt < progressIntervalMs) return
      shownAt = elapsedMs()
      isShown = true
      stderr.write(`${clearLine}${visible(text)}`)
    },
    clear: () => {
      if (!isShown) return
      isShown = false
      stderr.write(clearLine)
    },
  }
}

/**
 * The pages in docs/spec say what the machines do, row by row, and every row is shown by a test.
 *
 * Goal: no row without its test, no test without its row, no cell without a row, no word of a page that the machine does not say.
 * Method: read the pages' tables and diagrams, the titles of the tests in this folder, the tables of the machines; compare.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  handoffTable,
  recoveryTable,
  refusalOfHandoff,
  refusalOfRecovery,
  refusalOfSession,
  refusalOfTask,
  sessionTable,
  taskTable,
} from '../../machines/index.ts'
import { namesOf } from '../../machines/table.ts'
import { handoffStatuses } from '../../src/events/handoff.ts'
import { recoveryStatuses } from '../../src/events/recovery.ts'
import { sessionStatuses } from '../../src/events/session.ts'
import { taskStatuses } from '../../src/events/task.ts'
import { budgetPhases } from '../../src/events/usage.ts'
import { budgetRows } from './budget-rows.ts'
import { handoffRows } from './handoff-rows.ts'
import { recoveryRows } from './recovery-rows.ts'
import type { Row } from './rows.ts'
import { sessionRows } from './session-rows.ts'
import { sessionCommandNames } from './session-samples.ts'
import { taskRows } from './task-rows.ts'
import { isTaskCommandName, isTaskStatus } from './task-samples.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

interface Page {
  readonly name: string
  readonly letter: string
  readonly rows: readonly Row[]
  /** Every cell there is, as `status + command`. */
  readonly cells: readonly string[]
  readonly reasonOf: (row: Row) => string | null
}

const cellsOf = (table: Readonly<Record<string, Readonly<Record<string, unknown>>>>) =>
  Object.entries(table).flatMap(([status, row]) =>
    Object.keys(row).map((command) => `${status} + ${command}`),
  )

const pages: readonly Page[] = [
  {
    name: 'task',
    letter: 'T',
    rows: taskRows,
    cells: cellsOf(taskTable),
    reasonOf: ({ status, command, condition }) =>
      isTaskStatus(status) && isTaskCommandName(command)
        ? refusalOfTask(status, command, { retryable: condition === 'retryable' })
        : 'no such cell',
  },
  {
    name: 'budget',
    letter: 'B',
    rows: budgetRows,
    cells: budgetPhases.map((phase) => `${phase} + budget.measure`),
    reasonOf: () => null,
  },
  {
    name: 'session',
    letter: 'S',
    rows: sessionRows,
    cells: cellsOf(sessionTable),
    reasonOf: ({ status, command, condition }) => {
      const known = sessionStatuses.find((one) => one === status)
      const name = sessionCommandNames.find((one) => one === command)
      if (known === undefined || name === undefined) return 'no such cell'
      return refusalOfSession(known, name, { started: condition === 'begun' })
    },
  },
  {
    name: 'handoff',
    letter: 'H',
    rows: handoffRows,
    cells: cellsOf(handoffTable),
    reasonOf: ({ status, command }) => {
      const known = handoffStatuses.find((one) => one === status)
      const name = namesOf(handoffTable.offered).find((one) => one === command)
      return known === undefined || name === undefined ? 'no such cell' : refusalOfHandoff(known, name)
    },
  },
  {
    name: 'recovery',
    letter: 'R',
    rows: recoveryRows,
    cells: cellsOf(recoveryTable),
    reasonOf: ({ status, command }) => {
      const known = recoveryStatuses.find((one) => one === status)
      const name = namesOf(recoveryTable.restoring).find((one) => one === command)
      return known === undefined || name === undefined ? 'no such cell' : refusalOfRecovery(known, name)
    },
  },
]

/** The cells of every numbered line of a page's tables. */
function linesOf(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .filter((line) => /^\| [A-Z]-\d{3} /.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
}

/** The numbered titles that a test file states in full. */
function titlesIn(source: string): readonly string[] {
  return [...source.matchAll(/\bit\(\s*'([TBSHR]-\d{3} [^']*)'/g)].map(([, title = '']) => title)
}

/** A label without its condition and without the noun before the verb. */
function shortLabel(label: string): string {
  return label.replace(/ \[[^\]]*\]$/, '').replace(/^[a-z]+\./, '')
}

/** The arrows of a diagram, one for each label: `from → to: label`. */
function arrowsIn(text: string): readonly string[] {
  const diagram = /```mermaid\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
  return [...diagram.matchAll(/^ {2}(\S+) --> (\S+)(?:: (.*))?$/gm)].flatMap(([, from, to, labels = '']) =>
    labels.split(', ').map((label) => `${from} → ${to}: ${shortLabel(label)}`),
  )
}

const numberOf = (title: string | undefined) => title?.slice(0, 5) ?? ''
const stated = readdirSync(here)
  .filter((file) => file.endsWith('.test.ts') && file !== 'spec.test.ts')
  .flatMap((file) => titlesIn(readFileSync(`${here}${file}`, 'utf8')))

describe.each(pages)('docs/spec/$name.md', ({ name, letter, rows, cells, reasonOf }) => {
  const text = readFileSync(fileURLToPath(new URL(`../../docs/spec/${name}.md`, import.meta.url)), 'utf8')
  const lines = linesOf(text)
  const titles = [...rows.map((row) => row.title), ...stated.filter((title) => title.startsWith(letter))]

  it('names one test for each row, and has one row for each test', () => {
    expect(lines.map((line) => line.at(-1) ?? '').sort()).toEqual([...titles].sort())
    expect(lines.map(([number]) => number)).toEqual(lines.map((line) => numberOf(line.at(-1))))
  })

  it('gives no number twice, and counts on without a gap', () => {
    const numbers = lines.map(([number = '']) => number)
    expect(new Set(numbers).size).toBe(numbers.length)
    const laws = numbers.length - rows.length
    const count = (from: number, length: number) =>
      Array.from({ length }, (_, index) => `${letter}-${String(from + index).padStart(3, '0')}`)
    expect(numbers).toEqual([...count(1, rows.length), ...count(101, laws)])
  })

  it('says of each row what the tests expect and the machine answers', () => {
    const told = lines.filter((line) => line.length === 6).map((line) => line.slice(0, 5))
    const expected = rows.map((row) => [
      row.number,
      row.status,
      row.command,
      row.condition,
      row.result === 'refused' ? `refused: ${reasonOf(row)}` : row.result,
    ])
    expect(told).toEqual(expected)
  })

  it('covers every status and command', () => {
    expect([...new Set(rows.map((row) => `${row.status} + ${row.command}`))].sort()).toEqual(
      [...cells].sort(),
    )
  })
})

describe('the diagrams', () => {
  const arrowsOf = (name: string) =>
    [
      ...arrowsIn(
        readFileSync(fileURLToPath(new URL(`../../docs/spec/${name}.md`, import.meta.url)), 'utf8'),
      ),
    ].sort()
  const changes = (rows: readonly Row[]) =>
    rows.filter((row) => row.result !== 'refused' && row.result !== row.status)
  const short = (command: string) => command.replace(/^[a-z]+\./, '')

  it('of the task shows every change of status, and no other', () => {
    const arrows = changes(taskRows).map((row) => `${row.status} → ${row.result}: ${short(row.command)}`)
    expect(arrowsOf('task')).toEqual([...new Set(arrows), '[*] → pending: ', 'completed → [*]: '].sort())
  })

  it('of the session shows every change of status, and no other', () => {
    const arrows = changes(sessionRows).map((row) => `${row.status} → ${row.result}: ${short(row.command)}`)
    expect(arrowsOf('session')).toEqual([...new Set(arrows), '[*] → active: start'].sort())
  })

  it('of handoff and recovery show every change of status, and no other', () => {
    const handoff = changes(handoffRows).map((row) => `${row.status} → ${row.result}: ${short(row.command)}`)
    const ends = ['rejected', 'expired', 'withdrawn', 'done'].map((status) => `${status} → [*]: `)
    expect(arrowsOf('handoff')).toEqual([...handoff, ...ends, '[*] → offered: '].sort())
    const recovery = changes(recoveryRows).map(
      (row) => `${row.status} → ${row.result}: ${short(row.command)}`,
    )
    expect(arrowsOf('recovery')).toEqual(
      [...recovery, '[*] → restoring: ', 'recovered → [*]: ', 'failed → [*]: '].sort(),
    )
  })

  it('of the budget shows the steps between neighbours, each at the end of its row', () => {
    const ranks: readonly string[] = budgetPhases
    const rank = (phase: string) => ranks.indexOf(phase)
    const neighbours = changes(budgetRows).filter(
      (row) => Math.abs(rank(row.result) - rank(row.status)) === 1,
    )
    const arrows = neighbours.map((row) => {
      const up = rank(row.result) > rank(row.status)
      const end = up ? /above \d+|\d+ or more/ : /up to \d+/
      return `${row.status} → ${row.result}: ${end.exec(row.condition)?.[0]}`
    })
    expect(arrowsOf('budget')).toEqual([...arrows, '[*] → normal: '].sort())
  })
})

describe('the reading of pages and tests', () => {
  it('finds what is there: rows of both kinds, titles, arrows', () => {
    const page =
      '| No. | Law |\n|---|---|\n| T-101 | a law | T-101 a test |\n```mermaid\nx\n  a --> b: go [warned], task.run\n```\n'
    expect(linesOf(page)).toEqual([['T-101', 'a law', 'T-101 a test']])
    expect(arrowsIn(page)).toEqual(['a → b: go', 'a → b: run'])
    expect(titlesIn("  it('T-101 a test', () => {})\n  it(\n    'B-007 another',")).toEqual([
      'T-101 a test',
      'B-007 another',
    ])
  })

  it('finds the statuses of the events in the tables', () => {
    expect(cellsOf(taskTable)).toHaveLength(taskStatuses.length * 11)
    expect(cellsOf(sessionTable)).toHaveLength(sessionStatuses.length * 15)
  })
})

/**
 * Goal: a list of tasks reads back as it was written, whatever titles hold; what is no list is never half believed.
 * Method: titles of every kind of character through rendering and reading; files as hostile as an editor or an enemy makes them.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { readTaskList } from '../../src/memory/task-lines.ts'
import {
  isUnedited,
  listEnd,
  markedStatusOf,
  taskListText,
  titleOf,
  titleText,
} from '../../src/memory/task-text.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'

const oddText = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom(
      ' ',
      '\n',
      '\r',
      '\t',
      '\0',
      '\\',
      '\\u{a}',
      '\u2028',
      '\u202e',
      '<!--',
      '-->',
      '[x]',
      '- [ ] A: b',
      '```',
      '#',
    ),
  ),
  maxLength: 20,
})
/** Commands refuse texts with half a surrogate pair. */
const wellFormed = oddText.filter((text) => !/\p{Surrogate}/u.test(text))

const never = () => false

describe('a title in a list', () => {
  it('law: every title stands on one line and reads back as it was', () => {
    fc.assert(
      fc.property(wellFormed, (title) => {
        const text = titleText(title)
        expect(text).not.toMatch(/\p{Cc}|[\u2028\u2029\u202a-\u202e]/u)
        expect(text).toBe(text.trim())
        expect(titleOf(text)).toBe(title)
      }),
      { numRuns: 2_000 },
    )
  })

  it('the generator is not vacuous: many titles have to be written out', () => {
    const samples = fc.sample(wellFormed, 500)
    expect(samples.filter((title) => titleText(title) !== title).length).toBeGreaterThan(100)
  })
})

describe('a list of tasks', () => {
  it('law: the list of any state reads back with its ids, titles and statuses, and is unedited', async () => {
    await fc.assert(
      fc.asyncProperty(
        historyArbitrary(30),
        fc.array(wellFormed, { maxLength: 4 }),
        async (commands, titles) => {
          const added = titles.map((title, n) => ({ type: 'task.add', taskId: `id:${n}:`, title }) as const)
          const { state } = await play(new MemoryLog(), [
            ...commands.slice(0, 2),
            ...added,
            ...commands.slice(2),
          ])
          const text = taskListText(state)
          expect(isUnedited(text)).toBe(true)
          const list = readTaskList(Buffer.from(text), (taskId) => Object.hasOwn(state.tasks, taskId))
          expect(list.problems).toEqual([])
          expect(list).toMatchObject({
            isWhole: true,
            heading: { sessionId: state.sessionId, version: state.version },
          })
          const read = Object.fromEntries(list.tasks.map(({ id, title, status }) => [id, { title, status }]))
          const wanted = Object.values(state.tasks).map((task) => [
            task.id,
            { title: task.title, status: markedStatusOf(task) },
          ])
          expect(read).toEqual(Object.fromEntries(wanted))
        },
      ),
      { numRuns: 100 },
    )
  })

  it('law: any bytes are read without an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const { tasks, problems } = readTaskList(bytes, never)
        expect(tasks.length + problems.length).toBeLessThan(400)
      }),
      { numRuns: 500 },
    )
  })

  it('takes what editors do: CRLF, a byte order mark, tabs, other bullets, capital X, no line end at the end', () => {
    const text = '\uFEFF- [X] A: one\r\n\t* [ ] B: two  \r\n+ [~] three'
    const { tasks, problems } = readTaskList(Buffer.from(text), never)
    expect(problems).toEqual([])
    expect(tasks.map(({ id, title, status, parent }) => [id, title, status, parent?.id])).toEqual([
      ['A', 'one', 'completed', undefined],
      ['B', 'two', 'pending', 'A'],
      [null, 'three', 'running', undefined],
    ])
  })

  it.each([
    ['NUL', Buffer.from('- [ ] A: o\0ne'), /no text/],
    ['bytes that are no UTF-8', Buffer.from([0x2d, 0xff, 0xfe]), /no text/],
    ['a hundred thousand lines', Buffer.from('- [ ] x\n'.repeat(100_000)), /100001 lines/],
    ['a picture', Buffer.from('\u0089PNG\r\n'.repeat(500)), /no tasks/],
  ])('takes nothing from %s', (_, bytes, reason) => {
    const { tasks, problems } = readTaskList(bytes, never)
    expect(tasks).toEqual([])
    expect(problems).toHaveLength(1)
    expect(problems[0]?.line).toBeNull()
    expect(problems[0]?.reason).toMatch(reason)
  })

  it('reports what is no task, each with its line', () => {
    const lines = [
      '# Tasks',
      '- [ ] A: one',
      '- [z] B: two',
      '- [] C: three',
      'A is done',
      '```',
      '> - [x] A: quoted',
      '1. [x] A: numbered',
      '- [x] KNOWN Log in',
      '- [x] KNOWN:Log in',
      '- [x]',
      '<!-- - [x] A: hidden',
      listEnd,
      '- [ ] D: after the end',
    ]
    const { tasks, problems } = readTaskList(Buffer.from(lines.join('\n')), (taskId) => taskId === 'KNOWN')
    expect(tasks.map(({ id }) => id)).toEqual(['A'])
    expect(problems.map(({ line }) => line)).toEqual([1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14])
    expect(problems.find(({ line }) => line === 9)?.reason).toMatch(/KNOWN there is no colon/)
  })

  it('is quick with long lines that look like tasks and are none', () => {
    const start = performance.now()
    const bytes = Buffer.from(
      `- [ ]${' '.repeat(500_000)}\n- [ ] ${':'.repeat(500_000)}\n- [ ] ${'a:'.repeat(200_000)} x\n`,
    )
    readTaskList(bytes, never)
    expect(performance.now() - start).toBeLessThan(2_000)
    expect(limits.taskLinesUnreadMax).toBeLessThan(limits.taskLinesMax)
  })
})

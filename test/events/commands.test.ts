/** The door through which commands come in: hostile input gets a clear error and nothing else. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventTypes } from '../../src/events/catalogue.ts'
import { parseCommand } from '../../src/events/commands.ts'
import { upcast, upcastersComplete } from '../../src/events/upcast.ts'
import { WaymarkError } from '../../src/kernel/errors.ts'
import { limits } from '../../src/kernel/limits.ts'

function problemOf(input: unknown): string {
  try {
    parseCommand(input)
  } catch (error) {
    if (error instanceof WaymarkError && error.code === 'COMMAND_INVALID')
      return `${error.message} | ${error.hint}`
    throw error
  }
  return 'accepted'
}

const hostile: readonly (readonly [name: string, input: unknown, said: RegExp])[] = [
  ['no object', 'task.start', /JSON object with a "type"/],
  ['an array', [], /JSON object with a "type"/],
  ['null', null, /JSON object with a "type"/],
  ['no type', {}, /unknown command type undefined/],
  ['an unknown type, with the nearest', { type: 'task.stat' }, /did you mean task\.start/],
  ['a type of Object.prototype', { type: 'constructor' }, /unknown command type "constructor"/],
  ['a missing field', { type: 'task.start' }, /taskId/],
  ['a wrong type of field', { type: 'task.start', taskId: 7 }, /taskId/],
  ['an unknown field', { type: 'task.start', taskId: 'A', force: true }, /force/],
  [
    'a __proto__ key',
    JSON.parse('{"type":"task.start","taskId":"A","__proto__":{"admin":true}}'),
    /__proto__/,
  ],
  ['an id of __proto__', { type: 'task.start', taskId: '__proto__' }, /an id begins with/],
  ['an id with path characters', { type: 'task.start', taskId: '../../etc/passwd' }, /an id begins with/],
  ['an id with a backslash', { type: 'task.start', taskId: 'a\\b' }, /an id begins with/],
  ['an id with two dots', { type: 'task.start', taskId: 'a..b' }, /and no "\.\."/],
  ['an id with a line feed', { type: 'task.start', taskId: 'a\nb' }, /an id begins with/],
  ['an endless id', { type: 'task.start', taskId: 'a'.repeat(1_000_000) }, /at most 200 characters/],
  ['a gigantic title', { type: 'task.add', taskId: 'A', title: 'x'.repeat(10_000_000) }, /title/],
  ['half a surrogate pair', { type: 'task.add', taskId: 'A', title: 'half \ud83d' }, /surrogate/],
  ['negative tokens', { type: 'context.measure', contextTokens: -1 }, /contextTokens/],
  [
    'tokens beyond measure',
    { type: 'context.measure', contextTokens: limits.tokensMax + 1 },
    /contextTokens/,
  ],
  ['half a token', { type: 'context.measure', contextTokens: 0.5 }, /contextTokens/],
  ['infinite tokens', { type: 'context.measure', contextTokens: Number.POSITIVE_INFINITY }, /contextTokens/],
  ['a model that is a key of objects', { type: 'model.switch', model: '__proto__' }, /model name begins/],
  [
    'thresholds in the wrong order',
    {
      type: 'session.configure',
      configuration: {
        monitoringThresholdPercent: 60,
        warningThresholdPercent: 90,
        emergencyThresholdPercent: 85,
        hysteresisPercent: 2,
      },
    },
    /thresholds rise/,
  ],
]

describe('parseCommand', () => {
  it.each(hostile)('refuses %s', (_name, input, said) => {
    expect(problemOf(input)).toMatch(said)
  })

  it('never throws anything but its own error, whatever comes', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        expect(problemOf(input)).toBeTypeOf('string')
      }),
    )
  })
})

describe('upcasting', () => {
  it('brings a failure of the first shape to the shape of today', () => {
    expect(upcast('task.failed', 1, { taskId: 'A', reason: 'timeout' })).toEqual({
      ok: true,
      data: { taskId: 'A', reason: 'timeout', retryable: true },
    })
  })

  it('leaves the shape of today alone, and refuses one of tomorrow', () => {
    const data = { taskId: 'A', reason: 'timeout', retryable: false }
    expect(upcast('task.failed', 2, data)).toEqual({ ok: true, data })
    expect(upcast('task.failed', 3, data)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('version 3'),
    })
  })

  it('has a step for every past version of every type', () => {
    expect(upcastersComplete(eventTypes)).toBe(true)
  })
})

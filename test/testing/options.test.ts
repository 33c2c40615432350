/**
 * Goal: options of the kit that cannot be meant are refused, with what was wrong and what there is; nothing is checked on nothing in silence.
 * Method: a table of uses as a program without types may have them, each with what its error says.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { taskMachine } from '../../machines/task.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import {
  type DamageKind,
  damageArbitrary,
  damageRows,
  damageStore,
} from '../../src/testing/arbitrary/damage.ts'
import { eventArbitrary, eventStreamArbitrary } from '../../src/testing/arbitrary/events.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { legalHistoryArbitrary } from '../../src/testing/arbitrary/legal-history.ts'
import { machineHistoryArbitrary } from '../../src/testing/arbitrary/machine-history.ts'
import { nearLegalHistoryArbitrary } from '../../src/testing/arbitrary/near-legal.ts'
import { transcriptArbitrary } from '../../src/testing/arbitrary/transcript.ts'
import { deciderLaws } from '../../src/testing/decider/laws.ts'
import { sessionDecider } from '../../src/testing/decider/session-decider.ts'
import { play } from '../../src/testing/play.ts'
import { storeConformance } from '../../src/testing/store/conformance.ts'
import { faultyLog } from '../../src/testing/store/faulty-log.ts'

const wrong = <T>(value: unknown): T => value as T

const open = async () => ({ log: new MemoryLog() })
const events = fc.constant({ type: 'task.start' })
const faulty = (fault: unknown) => () => faultyLog(new MemoryLog(), { faults: [wrong(fault)] })

type Use = readonly [string, () => unknown, RegExp, RegExp]

const uses: readonly Use[] = [
  ['a type of events', () => eventArbitrary(wrong(['nope'])), /no event type "nope"/, /session\.started/],
  ['no type of events', () => eventArbitrary([]), /no event type was named/, /leave the list out/],
  ['a tool', () => transcriptArbitrary(wrong(['emacs'])), /no tool "emacs"/, /claude-code, codex/],
  ['no tool', () => transcriptArbitrary([]), /no tool was named/, /claude-code, codex/],
  [
    'a kind of damage',
    () => damageArbitrary(wrong<DamageKind[]>(['nope'])),
    /no kind of damage "nope"/,
    /bit-flipped/,
  ],
  ['no kind of damage', () => damageArbitrary([]), /no kind of damage was named/, /bit-flipped/],
  ['damage to rows', () => damageRows([], wrong({ kind: 'bit-flipped', pick: 1 })), /rows "bit-/, /end-cut/],
  ['no length', () => legalHistoryArbitrary({ lengthMax: 0 }), /lengthMax cannot be 0/, /1 or more/],
  [
    'half a command',
    () => nearLegalHistoryArbitrary({ lengthMax: 1.5 }),
    /lengthMax cannot be 1\.5/,
    /whole/,
  ],
  ['a length below', () => eventStreamArbitrary({ lengthMax: -1 }), /lengthMax cannot be -1/, /1 or more/],
  ['no number', () => historyArbitrary(Number.NaN), /lengthMax cannot be NaN/, /whole number/],
  [
    'a length of events',
    () => machineHistoryArbitrary(taskMachine, { events, lengthMax: -1 }),
    /lengthMax cannot be -1/,
    /0 or more/,
  ],
  [
    'events',
    () => machineHistoryArbitrary(taskMachine, wrong<{ events: typeof events }>({})),
    /events of a history/,
    /arbitrary/,
  ],
  [
    'a need',
    () => storeConformance(open, { without: wrong(['file']) }),
    /need .*"file"/,
    /several handles, files/,
  ],
  ['tears', () => storeConformance(open, { tearsMax: -1 }), /tearsMax cannot be -1/, /1 or more/],
  ['no decider', () => deciderLaws(wrong<never>({})), /there is no `initialState`/, /function/],
  ['no commands', () => deciderLaws(wrong<never>(sessionDecider())), /commands are not given/, /arbitrary/],
  ['a way to open', () => storeConformance(wrong(undefined)), /not opened by undefined/, /function/],
  ['a plan', () => faultyLog(new MemoryLog(), wrong(undefined)), /list of faults/, /mend the plan/],
  ['a call', faulty({ on: 'trasact', fault: 'close' }), /`on` .* cannot be trasact: .*transact, /, /mend/],
  ['no call', faulty({ fault: 'close' }), /`on` of a fault "close" cannot be undefined/, /mend/],
  ['a call among several', faulty({ on: ['read', 'x'], fault: 'close' }), /cannot be read,x/, /mend/],
  ['a fault', faulty({ on: 'transact', fault: 'explode' }), /no fault "explode": .*fail, crash/, /mend/],
  ['a code', faulty({ on: 'read', fault: 'fail', code: 'NOPE' }), /`code` .*NOPE: .*STORE_BUSY/, /mend/],
  ['a moment', faulty({ on: 'read', fault: 'crash', when: 'later' }), /`when` .*before, within/, /mend/],
  ['work twice', faulty({ on: 'read', fault: 'again' }), /`on` of a fault "again" cannot be read/, /mend/],
  ['a way to wake', faulty({ on: 'changed', fault: 'wake' }), /`how` .*early, late, never/, /mend/],
  ['a delay', faulty({ on: 'read', fault: 'delay' }), /`delayMs` .*undefined: it is a number, 0/, /mend/],
  ['a version', faulty({ on: 'read', fault: 'damage', version: 0 }), /`version` .*1 or more/, /mend/],
  ['times', faulty({ on: 'read', fault: 'close', timesMax: Number.NaN }), /`timesMax` .*NaN/, /mend/],
]

describe('what cannot be meant is refused', () => {
  it.each(uses)('as %s', (_, use, message, hint) => {
    expect(use).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    )
  })

  it('as what becomes of it later', async () => {
    for (const opened of [null, {}, { log: undefined }]) {
      const [check] = storeConformance(async () => wrong(opened))
      await expect(check?.run()).rejects.toMatchObject({
        code: 'USAGE',
        hint: expect.stringContaining('answer { log }'),
      })
    }
    const damaged = damageStore('/nowhere', wrong({ kind: 'nope', pick: 1 }))
    await expect(damaged).rejects.toMatchObject({ code: 'USAGE' })
    const played = play(new MemoryLog(), [wrong({ type: 'nope' })])
    await expect(played).rejects.toMatchObject({ code: 'COMMAND_INVALID' })
  })
})

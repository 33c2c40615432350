/**
 * Goal: the fold's output does not change without a new `foldVersion`, and old events stay readable.
 * Method: every `*.ndjson` here is a log as it was once recorded; beside it lies the state it led to and the fold version of
 * that time. The corpus only grows. A new entry is written by running this file with `WAYMARK_WRITE_CORPUS=1`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { durableMachine } from '../../src/decide/durable/machine.ts'
import type { DurableMachine } from '../../src/decide/durable/port.ts'
import { eventTypes } from '../../src/events/catalogue.ts'
import type { Command } from '../../src/events/commands.ts'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { foldInto } from '../../src/fold/fold.ts'
import { foldVersion, initialState } from '../../src/fold/state.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'
import { orderMachine } from '../support/order-machine.ts'
import { everyEvent } from './every-event.ts'
import { machineEvents } from './machine-events.ts'

const folder = new URL('./', import.meta.url)

async function write(name: string, commands: readonly Command[], machine?: DurableMachine): Promise<void> {
  const log = new MemoryLog()
  const atHand = machine === undefined ? {} : { machine }
  const { sessionId, state } = await play(log, commands, { seed: 42, policies: [], ...atHand })
  const events = await eventsOf(log, sessionId)
  writeFileSync(new URL(`${name}.ndjson`, folder), events.map((event) => `${JSON.stringify(event)}\n`).join(''))
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify({ foldVersion, state }, null, 1)}\n`)
}

/** What an earlier entry leads to under a new fold version; its events stay as they were recorded. */
function rewriteState(name: string): void {
  const events = eventsIn(name)
  const state = initialState(events[0]?.sessionId ?? '')
  foldInto(state, events)
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify({ foldVersion, state }, null, 1)}\n`)
}

if (process.env['WAYMARK_WRITE_CORPUS'] === '1') {
  await write('every-event', everyEvent)
  const order = durableMachine(orderMachine)
  await write('machine-events', machineEvents(order), order)
  rewriteState('first-events')
}

const names = readdirSync(folder)
  .filter((name) => name.endsWith('.ndjson'))
  .map((name) => name.replace('.ndjson', ''))

function eventsIn(name: string): readonly LoggedEvent[] {
  const text = readFileSync(new URL(`${name}.ndjson`, folder), 'utf8')
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as LoggedEvent)
}

describe('corpus', () => {
  it.each(names)('%s folds to the state it led to when it was recorded', (name) => {
    const events = eventsIn(name)
    const expected: unknown = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
    const state = initialState(events[0]?.sessionId ?? '')
    foldInto(state, events)
    expect({ foldVersion, state }).toEqual(expected)
  })

  it('holds every event type but those that need a second session', () => {
    const seen = new Set(names.flatMap((name) => eventsIn(name).map(({ type }) => type)))
    expect(eventTypes.filter((type) => !seen.has(type))).toEqual(['session.forked'])
  })
})

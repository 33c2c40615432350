/** What a state can have of a machine that runs in the stream. What XState persists of it is the machine's own: anything may be there. */

/** JSON of any shape: a table with anything below each of its names, as deep as it goes. */
export interface Json {
  readonly each: Json
}
export const json: Json = {
  get each() {
    return json
  },
}

const names = { list: 'value' } as const

export const machine = {
  fields: {
    machineId: 'value',
    machineVersion: 'value',
    machineHash: 'value',
    unknownEvents: 'value',
    timerPolicy: 'value',
    status: 'value',
    snapshot: { each: json },
    transitions: 'value',
    timers: {
      each: {
        fields: {
          timerId: 'value',
          name: 'value',
          source: names,
          target: names,
          event: { each: json },
          delayMs: 'value',
          dueAt: 'value',
        },
      },
    },
    effects: {
      each: { fields: { effectId: 'value', path: names, src: 'value', input: json, since: 'value' } },
    },
    ignoredEvents: 'value',
    failedActions: 'value',
    lastTransitionAt: 'value',
  },
} as const

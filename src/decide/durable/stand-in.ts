/**
 * What stands in a step for a promise, a callback, an observable or other logic that does something by itself: it has their snapshot, says when it
 * is begun, stopped or sent something, and is settled by what was recorded.
 */
import type { AnyEventObject } from 'xstate'
import type { Book } from './book.ts'
import type { InsideLogic, InsideSnapshot } from './inside.ts'

const settleType = 'waymark.settle'

export interface SettleEvent extends AnyEventObject {
  readonly type: typeof settleType
  readonly outcome: 'done' | 'error'
  readonly output: unknown
  readonly error: unknown
}

export function settleEvent(outcome: 'done' | 'error', output: unknown, error: unknown): SettleEvent {
  return { type: settleType, outcome, output, error }
}

export function standInFor(real: InsideLogic, book: Book): InsideLogic {
  return {
    getInitialSnapshot: (scope, input) => real.getInitialSnapshot(scope, input),
    getPersistedSnapshot: (snapshot, options) => real.getPersistedSnapshot(snapshot, options),
    restoreSnapshot: (snapshot, scope) =>
      // Without one of its own, logic takes back what it gave to be kept.
      real.restoreSnapshot?.(snapshot, scope) ?? (snapshot as InsideSnapshot),
    start: (_snapshot, { self }) => book.beginEffect(self),
    transition(snapshot, event, { self }) {
      if (event.type === 'xstate.stop') {
        book.endEffect(self)
        return { ...snapshot, status: 'stopped', ...inputUsed }
      }
      if (isSettle(event)) {
        const { outcome, output, error } = event
        return outcome === 'done'
          ? { ...snapshot, status: 'done', output, ...inputUsed }
          : { ...snapshot, status: 'error', error, ...inputUsed }
      }
      // The newest value of an observable is its context, for whoever looks at its snapshot.
      if (event.type === 'xstate.observable.next') return { ...snapshot, context: event.data }
      book.deliveries.push({ to: self, event })
      return snapshot
    },
  }
}

const inputUsed = { input: undefined }

function isSettle(event: AnyEventObject): event is SettleEvent {
  return event.type === settleType
}

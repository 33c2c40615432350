/** Every check, in the order in which they are made. `docs/doctor.md` tells each by its code; a test holds both together. */
import { budgetExceeded } from './budget.ts'
import type { Check } from './check.ts'
import { recoveryStuck } from './coming-back.ts'
import { diskAlmostFull, leftoverFiles, openPermissions, unignoredHome } from './files.ts'
import { handoffFailed } from './handoffs.ts'
import { lostSession, noHome } from './lost.ts'
import { memoryDrift } from './memory.ts'
import { clockBackwards, damagedContents, damagedRecords, missingContents } from './records.ts'
import { invalidSettings } from './settings.ts'
import { hugeWriteAheadLog, oldSqlite, orphanedEvents, otherVersion, tornStore } from './store.ts'
import { unimportedTranscripts } from './transcripts.ts'
import { callsWithoutResult, idleTasks, missingCheckpoints } from './work.ts'

/** The code of a finding that says that a check could not be made. */
export const checkFailed = {
  code: 'check-failed',
  about: 'a check could not be made',
  explanation: 'What it looks for may be there or not.',
} as const

export const checks = [
  {
    code: 'no-home',
    needs: 'place',
    about: 'there is no home where it was looked for',
    explanation: 'Sessions are kept in a home; without one there is nothing to come back to.',
    run: noHome,
  },
  {
    code: 'old-sqlite',
    needs: 'place',
    about: 'no SQLite library that can be used',
    explanation:
      'Before 3.51.3, SQLite can damage a file that two processes write to; such a library is not used.',
    run: oldSqlite,
  },
  {
    code: 'torn-store',
    needs: 'home',
    about: 'the store is not whole as a file',
    explanation: 'What the missing or damaged pages held cannot be read; writing on may make it worse.',
    run: tornStore,
  },
  {
    code: 'other-version',
    needs: 'home',
    about: 'the store or its snapshots were written by another version',
    explanation:
      'A newer store is left alone; an older one is brought up to date by the first write. Snapshots of another fold are passed over, and coming back replays more.',
    run: otherVersion,
  },
  {
    code: 'huge-write-ahead-log',
    needs: 'home',
    about: 'the write-ahead log has not been cut back for long',
    explanation:
      'Somebody reads without a pause or was killed: the log grows on disk, and every read looks through it.',
    run: hugeWriteAheadLog,
  },
  {
    code: 'disk-almost-full',
    needs: 'home',
    about: 'little room on the disk of the home',
    explanation: 'On a full disk nothing more is recorded. What is recorded stays whole, and can be read.',
    run: diskAlmostFull,
  },
  {
    code: 'open-permissions',
    needs: 'home',
    about: 'files of the home that others may read',
    explanation: 'Sessions hold what was typed, read and answered, secrets included.',
    run: openPermissions,
  },
  {
    code: 'unignored-home',
    needs: 'home',
    about: 'a home that git would take in',
    explanation: 'One "git add" publishes what was typed, read and answered, secrets included.',
    run: unignoredHome,
  },
  {
    code: 'invalid-settings',
    needs: 'home',
    about: 'settings that cannot be read',
    explanation: 'No verb opens a home before its settings can be read.',
    run: invalidSettings,
  },
  {
    code: 'leftover-files',
    needs: 'home',
    about: 'temporary files whose writers are gone',
    explanation: 'A process was killed while it wrote. The files take room and mean nothing.',
    run: leftoverFiles,
  },
  {
    code: 'lost-session',
    needs: 'place',
    about: 'a session that cannot be found, or that is in another home',
    explanation: 'It cannot be resumed from here; it may well be somewhere else.',
    run: lostSession,
  },
  {
    code: 'unimported-transcripts',
    needs: 'log',
    about: 'transcripts of this project that were not imported',
    explanation: 'A session that only its own tool knows cannot be resumed or recovered here.',
    run: unimportedTranscripts,
  },
  {
    code: 'orphaned-events',
    needs: 'log',
    about: 'events that belong to no session',
    explanation: 'The entry of their session is gone: nothing leads to them any more.',
    run: orphanedEvents,
  },
  {
    code: 'damaged-contents',
    needs: 'log',
    onlyDeep: true,
    about: 'stored texts that are not what was stored',
    explanation: 'A prompt, a reply or a result cannot be read again; the events that name it are sound.',
    run: damagedContents,
  },
  {
    code: 'memory-drift',
    needs: 'log',
    about: 'memory files that do not say what the log says',
    explanation: 'Whoever reads the files is told something else than the log holds. The log is right.',
    run: memoryDrift,
  },
  {
    code: 'damaged-records',
    needs: 'session',
    about: 'events, heads or snapshots that are not as they were written',
    explanation: 'From the damaged version on, the session cannot be trusted; before it, all is as it was.',
    run: damagedRecords,
  },
  {
    code: 'recovery-stuck',
    needs: 'session',
    about: 'recoveries that lead nowhere, that damage stops, or that were begun and not completed',
    explanation:
      'Recovering again will end at the same place. A recovery that is not completed has not said what is open.',
    run: recoveryStuck,
  },
  {
    code: 'budget-exceeded',
    needs: 'session',
    about: 'a context window that is almost or quite full',
    explanation: 'The model stops answering, or forgets what it was told, when nothing more fits.',
    run: budgetExceeded,
  },
  {
    code: 'handoff-failed',
    needs: 'session',
    about: 'a handoff that nobody takes up, or could',
    explanation: 'While a session is offered, nobody may work in it.',
    run: handoffFailed,
  },
  {
    code: 'idle-tasks',
    needs: 'session',
    about: 'tasks in progress that nobody works on',
    explanation: 'They look taken, and nothing happens: whoever had them in hand has stopped.',
    run: idleTasks,
  },
  {
    code: 'calls-without-result',
    needs: 'session',
    about: 'calls whose result never came',
    explanation: 'Whether a call did what it was to do is not known; look before it is made again.',
    run: callsWithoutResult,
  },
  {
    code: 'missing-checkpoints',
    needs: 'session',
    about: 'many events since the newest checkpoint',
    explanation: 'Coming back to a point of your choosing means going through them version by version.',
    run: missingCheckpoints,
  },
  {
    code: 'missing-contents',
    needs: 'session',
    about: 'texts that events refer to and that are not there',
    explanation: 'A prompt, a reply or a result was recorded and cannot be read.',
    run: missingContents,
  },
  {
    code: 'clock-backwards',
    needs: 'session',
    about: 'a clock that ran backwards while events were recorded',
    explanation:
      'Versions keep the true order. What goes by time (--at a time, ages, intervals) is off by that much.',
    run: clockBackwards,
  },
] as const satisfies readonly Check[]

/** A stable name of what an examination looks for. */
export type FindingCode = (typeof checks)[number]['code'] | typeof checkFailed.code

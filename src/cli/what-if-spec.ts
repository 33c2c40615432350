/** What `replay` takes when it is to play the commands again under other rules. */
import type { VerbSpec } from './verb-spec.ts'

export const whatIfOptions = [
  {
    flags: '--with <file>',
    about: 'play the commands again under these settings, a config.json',
    repeatable: true,
  },
  { flags: '--machines <module>', about: 'play the commands again with the machines of a module' },
  {
    flags: '--skip <versions>',
    about: 'play again without the commands at these versions: 12 or 12,20-25',
    repeatable: true,
  },
  { flags: '--edit <change...>', about: 'play again with other fields of a command: 12 \'{"title":"x"}\'' },
  {
    flags: '--insert <change...>',
    about: 'play again with one more command after a version: 12 \'{"type":…}\'',
  },
  { flags: '--save', about: 'record what was played, from the first difference on, as a fork' },
  { flags: '--title <text>', about: 'the title of that fork' },
] as const satisfies VerbSpec['options']

export const whatIfExamples = [
  ['waymark replay 3f2a --with config.json', 'under other thresholds: what would have been different'],
  ['waymark replay 3f2a --skip 12,20-25', 'without the commands at these versions'],
  [
    'waymark replay 3f2a --edit 12 \'{"title":"x"}\' --save',
    'with another title; the outcome becomes a fork',
  ],
] as const satisfies VerbSpec['examples']

/** `waymark handoff` in the table of verbs: it has more actions than others. */
import { epochSpec, type VerbSpec } from './verb-spec.ts'

export const handoffSpec = {
  about: 'Hand a session to another agent, answer an offer, or look at what goes with it.',
  takes: [
    ['<action>', 'offer, accept, reject, expire, withdraw, done, list, show; validate or receive for a file'],
    ['<subject>', 'the session, as elsewhere; for validate and receive a package as a file'],
  ],
  options: [
    { flags: '--to <agent>', about: 'offer: who is to take it' },
    {
      flags: '--from <agent>',
      about: 'offer: who hands it off, the holder of the session; that one if left out',
    },
    { flags: '--reason <text>', about: 'offer, reject, withdraw: why' },
    { flags: '--expires <minutes>', about: 'offer: how long it stands; for ever if left out' },
    { flags: '--out <file>', about: 'offer: write the package to a file, too' },
    { flags: '--agent <name>', about: 'accept, reject, receive: who answers' },
    {
      flags: '--package <file>',
      about: 'accept: compare the package of a file with the one that was offered',
    },
    { flags: '--id <handoff>', about: 'which handoff; the one that is offered, or the newest, if left out' },
    { flags: '--result <text>', about: 'done: what came of it' },
    { ...epochSpec, about: `offer, withdraw, done: ${epochSpec.about}` },
    { flags: '--context', about: 'show, validate: print the critical context as Markdown' },
  ],
  examples: [
    ['waymark handoff offer 3f2a --from spec-builder --to tester --expires 60 --out package.json', ''],
    ['waymark handoff accept 3f2a --agent tester', 'from then on whoever held the session is refused'],
    ['waymark handoff validate package.json', 'needs no home: another machine can do it'],
  ],
  load: async () => (await import('./verbs/handoff.ts')).handoff,
} as const satisfies Omit<VerbSpec, 'group'>

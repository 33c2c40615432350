/** Every verb: what it is called, what it takes, what its help says, and where its file is. The file is loaded when the verb runs. */
import { forkSpec, mergeSpec, rewindSpec, treeSpec } from './branch-spec.ts'
import { bisectSpec, diffSpec } from './compare-spec.ts'
import { graphSpec } from './graph-spec.ts'
import { handoffSpec } from './handoff-spec.ts'
import { reproduceSpec } from './reproduce-spec.ts'
import { epochSpec, type VerbSpec } from './verb-spec.ts'
import { whatIfExamples, whatIfOptions } from './what-if-spec.ts'

const groups = { begin: 'Begin:', record: 'Record:', look: 'Look:', trust: 'Come back and check:' } as const

const session = ['<session>', 'id, unique prefix of it, or native id'] as const

export const verbs = {
  init: {
    group: groups.begin,
    about: 'Make a home for sessions here: a .moai folder that version control ignores.',
    takes: [],
    options: [],
    examples: [
      ['waymark init', 'in ./.moai'],
      ['waymark init --home ~/agents/.moai', 'elsewhere'],
    ],
    load: async () => (await import('./verbs/init.ts')).init,
  },
  new: {
    group: groups.begin,
    about: 'Begin a session and print its id.',
    takes: [],
    options: [
      { flags: '--title <text>', about: 'what the session is about' },
      { flags: '--model <name>', about: 'the model that works in it' },
      { flags: '--window <tokens>', about: "size of the model's context window, such as 200000, 200k or 1M" },
      { flags: '--agent <name>', about: 'the agent that holds it' },
      {
        flags: '--continues <session>',
        about: 'the session whose work it takes further; it begins with its focus, user and context',
      },
    ],
    examples: [['waymark new --title "Log in" --model claude-sonnet-4-5 --window 200k', 'prints sess_…']],
    load: async () => (await import('./verbs/new.ts')).newSession,
  },
  send: {
    group: groups.record,
    about: 'Send commands to a session: one as JSON, or one a line on stdin.',
    takes: [session, ['<command>', 'a command as JSON, or - to read one a line from stdin']],
    options: [
      { flags: '--keep-going', about: 'go on after a command that is invalid or refused' },
      epochSpec,
    ],
    examples: [
      [`waymark send 3f2a '{"type":"task.start","taskId":"SPEC-001"}'`, 'one command'],
      ['my-agent | waymark send 3f2a - --json', 'a stream of commands, one answer a line'],
    ],
    load: async () => (await import('./verbs/send.ts')).send,
  },
  import: {
    group: groups.record,
    about: 'Import transcripts of coding agents; again, to take up what they have grown by.',
    takes: [['<path...>', 'transcripts, or folders to look for them in']],
    options: [
      {
        flags: '--redact <secrets>',
        about:
          'take secrets of a shape out before anything is recorded: aws-key, github-token, … or secrets for all; may be repeated',
        repeatable: true,
      },
    ],
    examples: [
      ['waymark import ~/.claude/projects', 'all transcripts below a folder'],
      ['waymark import --json session.jsonl', 'one, with a report for programs'],
      ['waymark import session.jsonl --redact secrets', 'without keys and tokens of known shapes'],
    ],
    load: async () => (await import('./verbs/import.ts')).importTranscripts,
  },
  list: {
    group: groups.look,
    about: 'List the sessions of the home, the one that began last at the end.',
    takes: [],
    options: [{ flags: '--all', about: 'also sessions that others started or that were forked' }],
    examples: [['waymark list --all', 'sessions with their sub-agents and forks']],
    load: async () => (await import('./verbs/list.ts')).list,
  },
  tree: { group: groups.look, ...treeSpec },
  show: {
    group: groups.look,
    about: 'Show what a session is now, or was at a version or a time.',
    takes: [session],
    options: [{ flags: '--at <when>', about: 'a version (12) or a time (2026-01-31T12:00:00Z)' }],
    examples: [
      ['waymark show 3f2a', 'now'],
      ['waymark show 3f2a --at 12 --json', 'after its twelfth event, for programs'],
    ],
    load: async () => (await import('./verbs/show.ts')).show,
  },
  log: {
    group: groups.look,
    about: 'Tell the story of a session, one line an event.',
    takes: [session],
    options: [
      { flags: '--all', about: 'every event, not only the notable ones' },
      { flags: '--after <version>', about: 'only events after this version' },
      {
        flags: '--type <type>',
        about: 'only events of a type (task.failed) or noun (task); may be repeated',
        repeatable: true,
      },
      { flags: '--follow', about: 'stay, and print events as they come from any process' },
    ],
    examples: [
      ['waymark log 3f2a --follow', 'watch an agent at work'],
      ['waymark log 3f2a --json --type task', 'all events of tasks, as NDJSON'],
    ],
    load: async () => (await import('./verbs/log.ts')).log,
  },
  budget: {
    group: groups.look,
    about: 'Show how full the context window is, and what the tokens were spent on.',
    takes: [session],
    options: [],
    examples: [['waymark budget 3f2a', 'gauge, allocation, phases, tokens by kind and model']],
    load: async () => (await import('./verbs/budget.ts')).budget,
  },
  context: {
    group: groups.look,
    about: 'Show what fills the context window, and which MCP servers the task in hand could do without.',
    takes: [session],
    options: [
      { flags: '--tag <tag>', about: 'print the text of one item, also of one that has left the context' },
      { flags: '--summary', about: 'with --tag: its summary instead of the original' },
      { flags: '--tier <tier>', about: 'list only items of a tier: critical, supporting or temporary' },
    ],
    examples: [
      ['waymark context 3f2a', 'by part, tier, item and server'],
      ['waymark context 3f2a --tag @CONFIG-001', 'the original text of an item'],
    ],
    load: async () => (await import('./verbs/context.ts')).context,
  },
  brief: {
    group: groups.look,
    about:
      'Say what an agent needs to go on after a compaction or a crash, as Markdown for a new conversation.',
    takes: [session],
    options: [
      { flags: '--tokens <n>', about: 'tokens it may take at most; 2000 if left out' },
      {
        flags: '--level <level>',
        about: '1: what to do now; 2: and what must be known; 3: and how it came to this; 2 if left out',
      },
    ],
    examples: [
      ['waymark brief 3f2a', 'at most 2,000 tokens'],
      ['waymark brief 3f2a --tokens 500 --level 1', 'only what to do now'],
    ],
    load: async () => (await import('./verbs/brief.ts')).brief,
  },
  tasks: {
    group: groups.look,
    about: 'List the tasks of a session and where each stands.',
    takes: [session],
    options: [
      { flags: '--status <status>', about: 'only tasks in a status; may be repeated', repeatable: true },
    ],
    examples: [['waymark tasks 3f2a --status failed', 'what went wrong']],
    load: async () => (await import('./verbs/tasks.ts')).tasks,
  },
  graph: { group: groups.record, ...graphSpec },
  config: {
    group: groups.look,
    about: 'Show every setting of the home, or one, and where it comes from.',
    takes: [['[key]', 'a key below "session", such as context_budget.reserve_tokens; all if left out']],
    options: [],
    examples: [
      ['waymark config', 'all settings, and the file, variable or flag that each comes from'],
      ['waymark config --set cache_enabled=false --json', 'as they would be with a flag, for programs'],
    ],
    load: async () => (await import('./verbs/config.ts')).config,
  },
  fork: { group: groups.record, ...forkSpec },
  merge: { group: groups.record, ...mergeSpec },
  rewind: { group: groups.record, ...rewindSpec },
  handoff: { group: groups.record, ...handoffSpec },
  checkpoint: {
    group: groups.record,
    about: 'Take a checkpoint: a place to come back to.',
    takes: [session],
    options: [
      { flags: '--reason <text>', about: 'why' },
      { flags: '--phase <name>', about: 'the phase of work it stands at, such as RED, GREEN or REFACTOR' },
      epochSpec,
    ],
    examples: [
      [
        'waymark checkpoint 3f2a --phase GREEN --reason "tests pass"',
        'notes the git HEAD of this folder too',
      ],
    ],
    load: async () => (await import('./verbs/checkpoint.ts')).checkpoint,
  },
  checkpoints: {
    group: groups.look,
    about: 'List the checkpoints of a session, oldest first.',
    takes: [session],
    options: [],
    examples: [['waymark checkpoints 3f2a', '']],
    load: async () => (await import('./verbs/checkpoints.ts')).checkpoints,
  },
  sync: {
    group: groups.trust,
    about: 'Write the memory files from the log, check them against it, or take an edited list of tasks in.',
    takes: [['[session]', 'id, unique prefix of it, or native id; the newest active session if left out']],
    options: [
      { flags: '--check', about: 'change nothing: say of each file whether it drifted, and why' },
      { flags: '--adopt', about: 'take the changes of an edited active-tasks.md in as commands' },
      { flags: '--dry-run', about: 'with --adopt: print the commands and send none' },
    ],
    examples: [
      ['waymark sync', 'writes session-state.json, active-tasks.md and the others'],
      ['waymark sync --check', 'exit code 1 when a file was edited, is missing, or is behind the log'],
      ['waymark sync --adopt --dry-run', 'what an edited list of tasks would change'],
    ],
    load: async () => (await import('./verbs/sync.ts')).sync,
  },
  debug: {
    group: groups.look,
    about: 'Inspect a session: its state, budget, checkpoints, memory files, and the history of its window.',
    takes: [['[session]', 'id, unique prefix of it, or native id; the newest active session if left out']],
    options: [
      { flags: '--show-session-state', about: 'what show prints; under --json the session in few facts' },
      { flags: '--show-token-budget', about: 'what budget prints' },
      { flags: '--list-checkpoints', about: 'what checkpoints prints' },
      { flags: '--check-memory-sync', about: 'what sync --check prints' },
      { flags: '--show-token-usage-log', about: 'the readings of the window, oldest first' },
    ],
    examples: [['waymark debug --show-session-state --json', 'the newest active session, for programs']],
    load: async () => (await import('./verbs/debug.ts')).debug,
  },
  recover: {
    group: groups.trust,
    about: 'Bring a session back after an interruption, step by step, and say what was left open.',
    takes: [session],
    options: [
      { flags: '--from <point>', about: 'the checkpoint to come back to, by its id, or a version' },
      { flags: '--tasks <policy>', about: 'tasks in progress: keep them so, block them, or retry them' },
      { flags: '--new', about: 'go on in a fresh session with a fresh budget, linked to this one' },
      { flags: '--emergency', about: 'the same, from the newest sound version of a damaged session' },
      epochSpec,
    ],
    examples: [
      ['waymark recover 3f2a', 'after a crash; again, to take up a recovery that was interrupted'],
      ['waymark recover 3f2a --from 12 --new', 'go on from version 12, in a fresh session'],
    ],
    load: async () => (await import('./verbs/recover.ts')).recover,
  },
  replay: {
    group: groups.trust,
    about:
      'Play a session in a terminal; elsewhere fold all events again and compare. No model and no tool is called.',
    takes: [session],
    options: [
      { flags: '--to <version>', about: 'print, up to and with this version' },
      { flags: '--timeline', about: 'print the story on the way' },
      { flags: '--play', about: 'play, or say why not; in a terminal this goes without saying' },
      { flags: '--from <point>', about: 'play, beginning at a version or a time, and wait there' },
      { flags: '--speed <n>', about: 'play so many times faster than it happened; 1 if left out' },
      { flags: '--events', about: 'play event by event instead of command by command' },
      ...whatIfOptions,
    ],
    examples: [
      ['waymark replay 3f2a', 'in a terminal: space plays, arrows step, ? lists the keys'],
      ['waymark replay 3f2a --timeline', 'the session again, from its first event'],
      ...whatIfExamples,
    ],
    load: async () => (await import('./verbs/replay.ts')).replay,
  },
  diff: { group: groups.trust, ...diffSpec },
  bisect: { group: groups.trust, ...bisectSpec },
  reproduce: { group: groups.trust, ...reproduceSpec },
  verify: {
    group: groups.trust,
    about:
      'Read everything again, of one session or all, ask the machines again, and say what is not as it was.',
    takes: [['[session]', 'id, unique prefix of it, or native id; all sessions if left out']],
    options: [
      {
        flags: '--machines <module>',
        about: 'ask the machines that this module exports, not those of waymark',
      },
    ],
    examples: [
      ['waymark verify', 'the whole home'],
      ['waymark verify 3f2a --json', 'one session, for programs'],
      ['waymark verify --machines ./changed.mjs', 'what changed machines would refuse, or lead elsewhere'],
    ],
    load: async () => (await import('./verbs/verify.ts')).verify,
  },
  doctor: {
    group: groups.trust,
    about: 'Examine the home or one session: what is wrong or about to be, why it matters, what to type.',
    takes: [['[session]', 'id, unique prefix of it, or native id; the home and all sessions if left out']],
    options: [
      { flags: '--deep', about: 'read all events and texts, not only the newest of each session' },
      { flags: '--fix', about: 'make the repairs that lose nothing, and write them down' },
    ],
    examples: [
      ['waymark doctor', 'changes nothing'],
      ['waymark doctor --deep --json', 'everything read again, for programs'],
      ['waymark doctor 3f2a', 'one session'],
    ],
    load: async () => (await import('./verbs/doctor.ts')).doctor,
  },
  maintain: {
    group: groups.trust,
    about: "Make the store smaller, and write the multi-pack index of the project's git repository.",
    takes: [],
    options: [
      { flags: '--dry-run', about: 'say what would be done and change nothing' },
      { flags: '--no-git', about: 'leave the git repository alone' },
    ],
    examples: [
      ['waymark maintain --dry-run', 'what it would do'],
      ['waymark maintain', 'now and then, such as once a week'],
    ],
    load: async () => (await import('./verbs/maintain.ts')).maintain,
  },
  redact: {
    group: groups.trust,
    about: 'Take data out of a session for good. Its hashes stay, so it can be verified as before.',
    takes: [session],
    options: [
      {
        flags: '--path <field>',
        about: 'a field: prompt.submitted:content, task:title, *.cwd; may be repeated',
        repeatable: true,
      },
      {
        flags: '--pattern <pattern>',
        about:
          'texts that a regular expression matches, or a shape: aws-key, github-token, … or secrets for all; may be repeated',
        repeatable: true,
      },
      { flags: '--reason <text>', about: 'why, for the record' },
      { flags: '--dry-run', about: 'say what would be taken out and change nothing' },
    ],
    examples: [
      ['waymark redact 3f2a --pattern secrets --dry-run', 'what looks like a key or a token'],
      ['waymark redact 3f2a --path prompt.submitted:content', 'all prompts'],
    ],
    load: async () => (await import('./verbs/redact.ts')).redact,
  },
  repair: {
    group: groups.trust,
    about: 'Write what is sound of a damaged home into a new one beside it, and say what could not be saved.',
    takes: [],
    options: [{ flags: '--out <folder>', about: 'the new home; <home>-repaired if left out' }],
    examples: [['waymark repair --out ./.moai-new', 'the damaged home stays as it is']],
    load: async () => (await import('./verbs/repair.ts')).repair,
  },
  unbundle: {
    group: groups.record,
    about: 'Take a session in from a bundle of another home. All of it is checked first.',
    takes: [['<bundle>', 'a file that export --bundle has made']],
    options: [{ flags: '--dry-run', about: 'check the bundle, say what is new in it, and take nothing in' }],
    examples: [['waymark unbundle session.waymark', 'again, to take in what came since']],
    load: async () => (await import('./verbs/unbundle.ts')).unbundle,
  },
  export: {
    group: groups.trust,
    about: 'Print all events of a session as NDJSON, inherited ones included, or write it into a bundle.',
    takes: [session],
    options: [
      { flags: '--content', about: 'with the texts that the events refer to' },
      { flags: '--bundle <file>', about: 'write one file that another home takes in with unbundle' },
    ],
    examples: [
      ['waymark export 3f2a > session.ndjson', ''],
      ['waymark export 3f2a --bundle session.waymark', 'the session with all that belongs to it'],
    ],
    load: async () => (await import('./verbs/export.ts')).exportSession,
  },
} as const satisfies Readonly<Record<string, VerbSpec>>

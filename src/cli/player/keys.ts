/** The keys of the player. */

/** A key as a terminal tells it. */
export interface Key {
  readonly name?: string | undefined
  readonly sequence?: string | undefined
  readonly ctrl?: boolean | undefined
  /** It came right behind an Esc, or was pressed together with Alt: terminals send the same. */
  readonly meta?: boolean | undefined
}

export type Action =
  | 'play'
  | 'next'
  | 'previous'
  | 'first'
  | 'last'
  | 'onwards'
  | 'backwards'
  | 'faster'
  | 'slower'
  | 'place'
  | 'type'
  | 'path'
  | 'again'
  | 'again-backwards'
  | 'help'
  | 'quit'
  | 'interrupt'

interface Binding {
  /** Names of keys, or the characters that they send. */
  readonly keys: readonly string[]
  readonly action: Action
  /** As the help writes the keys, and what they do. */
  readonly help: readonly [string, string]
}

export const bindings: readonly Binding[] = [
  { keys: ['space'], action: 'play', help: ['space', 'play, pause'] },
  { keys: ['right', 'l'], action: 'next', help: ['→ l', 'next step'] },
  { keys: ['left', 'h'], action: 'previous', help: ['← h', 'step before'] },
  { keys: ['up', '+', '='], action: 'faster', help: ['↑ +', 'faster'] },
  { keys: ['down', '-'], action: 'slower', help: ['↓ -', 'slower'] },
  { keys: ['pagedown'], action: 'onwards', help: ['PgDn', 'a twentieth of the session on'] },
  { keys: ['pageup'], action: 'backwards', help: ['PgUp', 'a twentieth of the session back'] },
  { keys: ['home', '0'], action: 'first', help: ['Home 0', 'before the first event'] },
  { keys: ['end', '$'], action: 'last', help: ['End $', 'the newest event'] },
  { keys: ['g', ':'], action: 'place', help: ['g :', 'go to a version or a time'] },
  { keys: ['/'], action: 'type', help: ['/', 'next event of a type: task.failed, or of a noun: task'] },
  { keys: ['c'], action: 'path', help: ['c', 'next change of a path: tasks.SPEC-001.status'] },
  { keys: ['n'], action: 'again', help: ['n', 'look for the same again'] },
  { keys: ['N'], action: 'again-backwards', help: ['N', 'the same, backwards'] },
  { keys: ['?'], action: 'help', help: ['?', 'this help'] },
  {
    keys: ['q', 'escape'],
    action: 'quit',
    help: ['q Esc', 'leave; while it looks for something, stop looking'],
  },
]

export function actionOf({ name = '', sequence = '', ctrl = false }: Key): Action | null {
  if (ctrl) return name === 'c' ? 'interrupt' : null
  // Characters go before names: the name of `N` is `n`.
  const found =
    bindings.find(({ keys }) => keys.includes(sequence)) ??
    bindings.find(({ keys }) => name.length > 1 && keys.includes(name))
  return found?.action ?? null
}

/** What the memory files are called, and where each lies below the folder of a home's sessions. */

export const memoryFileNames = {
  sessionState: 'session-state.json',
  contextCache: 'context-cache.json',
  tokenUsage: 'token-usage.log',
  activeTasks: 'active-tasks.md',
  /** Says what was written: by it, drift is told. */
  manifest: 'memory.json',
} as const

const editedTasksPattern = /^active-tasks\.edited(?:-(\d{1,15}))?\.md$/

/** Where an edited list of tasks is set aside, the first, the second …: `active-tasks.edited.md`, `active-tasks.edited-2.md`. */
export function editedTasksNameOf(number: number): string {
  return `active-tasks.edited${number === 1 ? '' : `-${number}`}.md`
}

/** Which of the lists set aside a file is; `null` for any other file. */
export function editedTasksNumberOf(name: string): number | null {
  const found = editedTasksPattern.exec(name)
  return found === null ? null : Number(found[1] ?? 1)
}

export const checkpointFolder = 'checkpoints'
export const archiveFolder = 'checkpoints/archive'

/** Where the file of a checkpoint lies. */
export function checkpointNameOf({
  id,
  archived,
}: {
  readonly id: string
  readonly archived: boolean
}): string {
  return `${archived ? archiveFolder : checkpointFolder}/${id}.json`
}

const setAsidePattern = /^token-usage\.(\d{1,15})\.log\.br$/

/** Where the older readings of the window lie, up to and with a position. */
export function tokenArchiveNameOf(position: number): string {
  return `token-usage.${position}.log.br`
}

/** The position that a file of older readings reaches; `null` for any other file. */
export function tokenArchivePositionOf(name: string): number | null {
  const position = setAsidePattern.exec(name)?.[1]
  return position === undefined ? null : Number(position)
}

/** A checkpoint as `--json` tells it: what the log says of it, and under `checkpoint` what its file says, with where that file lies. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ReadonlyState } from '../fold/state.ts'
import { checkpointNameOf } from '../memory/names.ts'
import { type Home, sessionsFolderOf } from '../session/home.ts'
import { type CheckpointJson, checkpointJson } from '../views/checkpoint-json.ts'

export interface CheckpointDocument extends CheckpointJson {
  /** The file that holds its snapshot; `null` when it is not there: only the current session's checkpoints are files. */
  readonly context_snapshot_file: string | null
}

export function checkpointDocument(
  home: Home,
  state: ReadonlyState,
  entry: ReadonlyState['checkpoints'][number],
): CheckpointDocument {
  const file = join(sessionsFolderOf(home.path), checkpointNameOf(entry))
  return { ...checkpointJson(state, entry), context_snapshot_file: existsSync(file) ? file : null }
}

/** Tasks of a merge: each is brought to where the other side has it, by commands that are legal where it stands here. */
import { taskOf } from '../../fold/state.ts'
import { limits } from '../../kernel/limits.ts'
import { attempt, attemptOnTask, type Draft, drafted, must, noteConflict, suffixed } from './draft.ts'
import { differingFacets, entryOf, type MergedTask, type TaskFacet, taskLine } from './parts.ts'
import { broughtThere } from './task-way.ts'

export function mergeTasks(draft: Draft): void {
  for (const theirs of inOrderOfNeed(draft.theirs.tasks)) mergeTask(draft, theirs)
}

/** Tasks after those they need: their parents, and what they depend on. Of a circle, which no session makes, any order. */
function* inOrderOfNeed(tasks: Draft['theirs']['tasks']): Generator<MergedTask, void, undefined> {
  const entered = new Set<string>()
  const left = new Set<string>()
  for (const first of Object.keys(tasks)) {
    const waiting = [first]
    for (let id = waiting[0]; id !== undefined; id = waiting[waiting.length - 1]) {
      const task = entryOf(tasks, id)
      if (!entered.has(id)) {
        entered.add(id)
        const needed = task === undefined ? [] : [...task.dependsOn, task.parentTaskId ?? id]
        waiting.push(...needed.filter((other) => !entered.has(other)))
        continue
      }
      waiting.pop()
      if (!left.has(id) && task !== undefined) yield task
      left.add(id)
    }
  }
}

function mergeTask(draft: Draft, theirs: MergedTask): void {
  const { base } = draft
  const { id } = theirs
  const changed = differingFacets(entryOf(base.theirs.tasks, id), theirs)
  if (changed.length === 0) return
  const before = entryOf(base.ours.tasks, id)
  const ours = taskOf(drafted(draft), id)
  if (ours === undefined && before === undefined) {
    addTask(draft, id, theirs)
    return
  }
  const coming = differingFacets(ours, theirs).filter((facet) => changed.includes(facet))
  if (coming.length === 0) return
  const changedHere = differingFacets(before, ours)
  const agreed = ours === undefined ? [] : coming.filter((facet) => !changedHere.includes(facet))
  const isConflict = agreed.length < coming.length
  if (isConflict || !bring(draft, theirs, agreed)) {
    const settled = isConflict ? agreed : agreed.filter((facet) => isWords(facet))
    settle(draft, theirs, ours, coming, settled)
  }
}

/** What both sides changed, or what no command can bring: as the policy says. */
function settle(
  draft: Draft,
  theirs: MergedTask,
  ours: MergedTask | undefined,
  coming: readonly TaskFacet[],
  agreed: readonly TaskFacet[],
): void {
  const lines = {
    base: taskLine(entryOf(draft.base.ours.tasks, theirs.id)),
    ours: taskLine(ours),
    theirs: taskLine(theirs),
  }
  const resolution = resolve()
  noteConflict(draft, { part: 'tasks', id: theirs.id, ...lines, resolution })

  function resolve(): 'ours' | 'theirs' | 'both' | null {
    const policy = draft.policies.tasks
    if (policy === 'fail') return null
    if (policy === 'ours') {
      if (ours !== undefined) bring(draft, theirs, agreed)
      return 'ours'
    }
    if (ours === undefined) {
      addTask(draft, theirs.id, theirs)
      return 'theirs'
    }
    if (policy === 'theirs' && bring(draft, theirs, coming)) return 'theirs'
    bringBeside(draft, theirs)
    return 'both'
  }
}

function isWords(facet: TaskFacet): boolean {
  return facet === 'title' || facet === 'description' || facet === 'dependsOn'
}

/** Brings facets of a task over that is there; all of them, or none. */
function bring(
  draft: Draft,
  theirs: MergedTask,
  facets: readonly TaskFacet[],
  taskId: string = theirs.id,
): boolean {
  const ours = taskOf(drafted(draft), taskId)
  if (ours === undefined) return false
  if (facets.length === 0) return true
  const before = taskLine(ours)
  const dependsOn = facets.includes('dependsOn') ? known(draft, theirs.dependsOn) : [...ours.dependsOn]
  const isMoving = facets.includes('standing') || facets.includes('phase')
  const move = (): boolean => !isMoving || broughtThere(draft, taskId, theirs)
  const isBrought =
    attemptOnTask(draft, taskId, () => describe(draft, taskId, theirs, facets, dependsOn) && move()) ||
    // Over there it could be started; here it would wait for a task that was brought elsewhere.
    attemptOnTask(
      draft,
      taskId,
      () =>
        describe(draft, taskId, theirs, facets, []) &&
        move() &&
        describe(draft, taskId, theirs, [], dependsOn),
    )
  if (isBrought) {
    const after = taskLine(taskOf(drafted(draft), taskId))
    draft.changes.push({ part: 'tasks', id: theirs.id, as: taskId, change: 'changed', before, after })
  }
  return isBrought
}

function describe(
  draft: Draft,
  taskId: string,
  theirs: MergedTask,
  facets: readonly TaskFacet[],
  dependsOn: string[],
): boolean {
  return attempt(draft, {
    type: 'task.describe',
    taskId,
    ...(facets.includes('title') ? { title: theirs.title } : {}),
    ...(facets.includes('description') ? { description: theirs.description ?? '' } : {}),
    dependsOn,
  })
}

/** Those of some tasks that are here. */
function known(draft: Draft, ids: readonly string[]): string[] {
  return ids.filter((id) => taskOf(drafted(draft), id) !== undefined)
}

function addTask(draft: Draft, taskId: string, theirs: MergedTask): void {
  const dependsOn = known(draft, theirs.dependsOn)
  const { title, description, parentTaskId, specId } = theirs
  const command = {
    type: 'task.add' as const,
    taskId,
    title,
    ...(description === null ? {} : { description }),
    ...(parentTaskId === null || known(draft, [parentTaskId]).length === 0 ? {} : { parentTaskId }),
    ...(specId === null ? {} : { specId }),
  }
  const full = dependsOn.length === 0 ? command : { ...command, dependsOn }
  const isBrought =
    attemptOnTask(draft, taskId, () => attempt(draft, full) && broughtThere(draft, taskId, theirs)) ||
    attemptOnTask(
      draft,
      taskId,
      () =>
        attempt(draft, command) &&
        broughtThere(draft, taskId, theirs) &&
        describe(draft, taskId, theirs, [], dependsOn),
    )
  if (!isBrought) must(draft, full)
  const after = taskLine(taskOf(drafted(draft), taskId))
  draft.changes.push({ part: 'tasks', id: theirs.id, as: taskId, change: 'added', before: null, after })
}

/** Brings a task as a second one beside ours: the one of an earlier merge, as long as that can follow. */
function bringBeside(draft: Draft, theirs: MergedTask): void {
  for (let count = 1; ; count++) {
    const ending = count === 1 ? draft.suffix : `${draft.suffix}.${count}`
    const taskId = suffixed(theirs.id, `~${ending}`, limits.idCharactersMax)
    const beside = taskOf(drafted(draft), taskId)
    if (beside === undefined) {
      addTask(draft, taskId, theirs)
      return
    }
    if (bring(draft, theirs, differingFacets(beside, theirs), taskId)) return
  }
}

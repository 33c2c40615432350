/** The layer of a file: of a home's `config/config.json` the section `session` is judged, and everything else left alone. */
import { join } from 'node:path'
import { limits } from '../kernel/limits.ts'
import { type Entry, notJson, type Place, sectionEntries } from './document.ts'
import type { Layer, Value } from './layer.ts'
import { invalid, type Problem, shown, unknownKey, wrongValue } from './problem.ts'
import { keys, type SettingName, settingNamed, shapes } from './settings.ts'
import { type FileText, textOf } from './text.ts'

export type FileLayer = 'home' | 'project'

/** The file that holds a home's settings, whether or not it is there. */
export function settingsPathOf(home: string): string {
  return join(home, 'config', 'config.json')
}

/** Reads what a home's file says. One that is not there says nothing. */
export async function fileLayer(layer: FileLayer, home: string): Promise<Layer> {
  return layerIn(settingsPathOf(home), layer)
}

/**
 * The settings that a file of settings states, wherever it lies, and nothing of any other layer.
 *
 * @throws WaymarkError `CONFIGURATION_INVALID`, also for a file that is not there or states none
 */
export async function settingsInFile(file: string): Promise<ReadonlyMap<SettingName, unknown>> {
  const { values, problems } = await layerIn(file, 'project')
  if (problems.length > 0) throw invalid(problems)
  if (values.size > 0) return new Map([...values].map(([name, { value }]) => [name, value]))
  const what = (await textOf(file)) === null ? 'is not there' : 'states no setting'
  const right = 'name a file such as {"session":{"context_budget":{"warning_threshold_percent":70}}}'
  throw invalid([{ origin: { layer: 'project', file }, key: null, what, right }])
}

async function layerIn(file: string, layer: FileLayer): Promise<Layer> {
  const read = await textOf(file)
  const found = read !== null && 'text' in read ? judged(read.text) : read
  if (found === null) return { values: new Map(), problems: [] }
  if ('text' in found) return layerOf(found.text, layer, file)
  const { place, what, right } = found
  return { values: new Map(), problems: [{ origin: { layer, file, ...place }, key: null, what, right }] }
}

/** The text again when it holds a JSON object, else what is wrong with it. */
function judged(text: string): FileText {
  const fault = notJson(text)
  if (fault !== null) {
    return {
      place: fault.place,
      what: `is not JSON: ${fault.what}`,
      right: 'correct it, or put {} into the file',
    }
  }
  if (text.trimStart().startsWith('{')) return { text }
  const right = 'the file takes an object, such as {"session":{"auto_checkpoint":true}}'
  return { place: { line: 1, column: 1 }, what: 'is no object', right }
}

function layerOf(text: string, layer: FileLayer, file: string): Layer {
  const values = new Map<SettingName, Value>()
  const problems: Problem[] = []
  const seen = new Map<string, Place>()
  for (const found of sectionEntries(text)) {
    if (problems.length === limits.configurationProblemsMax) break
    const inside = isInsideOther(found.path)
    // What an object that is a setting holds is judged with it; only that nothing is told twice has to be seen here.
    if (inside && settingAt(found.path.slice(0, objectPathLength)) === undefined) continue
    const entry = found.kind === 'scalar' || inside ? found : { ...found, value: valueAt(text, found.path) }
    const identity = JSON.stringify(entry.path)
    const earlier = seen.get(identity)
    seen.set(identity, earlier ?? entry.place)
    if (inside && earlier === undefined) continue
    const setting = settingAt(entry.path)
    const problem = problemOf(entry, setting, earlier, { layer, file })
    if (problem !== null) problems.push(problem)
    else if (setting !== undefined) {
      values.set(setting, { value: entry.value, origin: { layer, file, ...entry.place } })
    }
  }
  return { values, problems }
}

function problemOf(
  { path, place, valuePlace, kind, value, text }: Entry,
  setting: SettingName | undefined,
  earlier: Place | undefined,
  source: { readonly layer: FileLayer; readonly file: string },
): Problem | null {
  const key = path.join('.')
  if (earlier !== undefined) {
    const what = `${key} is there twice, first in line ${earlier.line}`
    return { origin: { ...source, ...place }, key, what, right: 'keep one of them' }
  }
  const origin = { ...source, ...valuePlace }
  if (setting !== undefined) {
    const [issue] = shapes[setting].safeParse(value).error?.issues ?? []
    if (issue === undefined) return null
    if (issue.path.length === 0) return wrongValue(origin, key, text, keys[setting].takes)
    const inner = [key, ...issue.path.map((name) => shown(String(name)))].join('.')
    return { origin, key, what: `${inner}: ${issue.message}`, right: `it takes ${keys[setting].takes}` }
  }
  if (isGroup(path)) return kind === 'object' ? null : wrongValue(origin, key, text, 'an object')
  return unknownKey({ ...source, ...place }, path.slice(1))
}

/** Names of the path of a setting that is an object: `session`, and its own. */
const objectPathLength = 2

/** The value at a path of a text that is known to be JSON. Asked for objects and lists, which are few. */
function valueAt(text: string, path: readonly string[]): unknown {
  let value: unknown = JSON.parse(text)
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = Reflect.get(value, name)
  }
  return value
}

/** A dot inside a name does not lead further in. */
function settingAt(path: readonly string[]): SettingName | undefined {
  return path.some((name) => name.includes('.')) ? undefined : settingNamed(path.slice(1).join('.'))
}

const groups: ReadonlySet<string> = new Set(
  Object.values(keys).flatMap(({ name }) => (name.includes('.') ? [name.slice(0, name.indexOf('.'))] : [])),
)

/** Whether settings stand inside: `session` itself, and the objects in it. */
function isGroup([, second, ...rest]: readonly string[]): boolean {
  return rest.length === 0 && (second === undefined || groups.has(second))
}

/** Whether it stands inside something that is no group: that is told as a whole. */
function isInsideOther(path: readonly string[]): boolean {
  return path.length > 1 && !isGroup(path.slice(0, -1))
}

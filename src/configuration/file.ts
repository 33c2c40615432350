/** The layer of a file: of a home's `config/config.json` the section `session` is judged, and everything else left alone. */
import { join } from 'node:path'
import { limits } from '../kernel/limits.ts'
import { type Entry, notJson, type Place, sectionEntries } from './document.ts'
import type { Layer, Value } from './layer.ts'
import { type Problem, unknownKey, wrongValue } from './problem.ts'
import { keys, type SettingName, settingNamed, shapes } from './settings.ts'
import { type FileText, textOf } from './text.ts'

export type FileLayer = 'home' | 'project'

/** The file that holds a home's settings, whether or not it is there. */
export function settingsPathOf(home: string): string {
  return join(home, 'config', 'config.json')
}

/** Reads what a home's file says. One that is not there says nothing. */
export async function fileLayer(layer: FileLayer, home: string): Promise<Layer> {
  const file = settingsPathOf(home)
  const read = await textOf(file)
  const found = read !== null && 'text' in read ? judged(read.text) : read
  if (found === null) return { values: new Map(), problems: [] }
  if ('text' in found) return layerOf(sectionEntries(found.text), layer, file)
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

function layerOf(entries: readonly Entry[], layer: FileLayer, file: string): Layer {
  const values = new Map<SettingName, Value>()
  const problems: Problem[] = []
  const seen = new Map<string, Place>()
  for (const entry of entries) {
    if (problems.length === limits.configurationProblemsMax) break
    if (isInsideOther(entry.path)) continue
    const identity = JSON.stringify(entry.path)
    const earlier = seen.get(identity)
    seen.set(identity, earlier ?? entry.place)
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
    const isRight = shapes[setting].safeParse(value).success
    return isRight ? null : wrongValue(origin, key, text, keys[setting].takes)
  }
  if (isGroup(path)) return kind === 'object' ? null : wrongValue(origin, key, text, 'an object')
  return unknownKey({ ...source, ...place }, path.slice(1))
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

/** Settings that a program gives when it opens a home: the layer above all others, checked like them. */
import { clashesIn } from './load.ts'
import { invalid, type Problem, shown } from './problem.ts'
import { keys, type Settings, settingNames, shapes } from './settings.ts'

/**
 * Settings with those that a program gives before them. What is `undefined` counts as not given.
 *
 * @throws WaymarkError `CONFIGURATION_INVALID`, naming the setting, what is wrong and what would be right.
 * @example
 * ```ts
 * settingsWith(standardSettings, { maxParallelSessions: 5 }).maxParallelSessions // 5
 * settingsWith(standardSettings, { maxParallelSessions: 0 }) // throws CONFIGURATION_INVALID
 * ```
 */
export function settingsWith(settings: Settings, given: unknown): Settings {
  if (given === undefined) return settings
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid([wrong('settings', given, 'an object with settings')])
  }
  const said = Object.entries(given).filter(([, value]) => value !== undefined)
  const problems = said.flatMap(([name, value]) => problemsOf(name, value))
  if (problems.length > 0) throw invalid(problems)
  const all: Settings = { ...settings, ...Object.fromEntries(said) }
  const clashes = clashesIn(all, (setting) => `settings.${setting} ${all[setting]}`)
  if (clashes.length > 0) throw invalid(clashes)
  return all
}

function problemsOf(name: string, value: unknown): readonly Problem[] {
  const setting = settingNames.find((known) => known === name)
  if (setting === undefined) {
    const right = `settings are ${settingNames.join(', ')}`
    return [{ origin: null, key: null, what: `unknown setting ${shown(name)}`, right }]
  }
  const { takes } = keys[setting]
  const [issue] = shapes[setting].safeParse(value).error?.issues ?? []
  if (issue === undefined) return []
  const key = `settings.${setting}`
  if (issue.path.length === 0) return [wrong(key, value, takes)]
  const inner = [key, ...issue.path.map((part) => shown(String(part)))].join('.')
  return [{ origin: null, key, what: `${inner}: ${issue.message}`, right: `it takes ${takes}` }]
}

function wrong(key: string, value: unknown, takes: string): Problem {
  return { origin: null, key, what: `${key} is ${valueText(value)}`, right: `it takes ${takes}` }
}

/** A value of any kind, without asking it anything. */
function valueText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shown(value))
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return typeof value === 'function' ? 'a function' : shown(String(value))
}

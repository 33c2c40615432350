/** What one layer says; and the layers that are words: the environment and the flags. */
import { limits } from '../kernel/limits.ts'
import type { Origin } from './origin.ts'
import { type Problem, shown, unknownKey, wrongValue } from './problem.ts'
import { keys, type SettingName, settingNamed, settingNames, shapes } from './settings.ts'

export interface Layer {
  readonly values: ReadonlyMap<SettingName, Value>
  readonly problems: readonly Problem[]
}

/** A value of the setting's shape, and its place. */
export interface Value {
  readonly value: unknown
  readonly origin: Origin
}

/** One variable for each setting. An empty one says nothing. */
export function environmentLayer(environment: Readonly<Record<string, string | undefined>>): Layer {
  const said = settingNames.flatMap((setting) => {
    const { variable } = keys[setting]
    const text = environment[variable]
    const origin: Origin = { layer: 'environment', variable }
    return text === undefined || text === '' ? [] : [{ setting, text, origin }]
  })
  return layerOf(said)
}

/** Flags as they are typed after `--set`: `context_budget.reserve_tokens=60000`. The last one of a key holds. */
export function flagsLayer(flags: readonly string[]): Layer {
  const said: Said[] = []
  const problems: Problem[] = []
  for (const flag of flags) {
    if (problems.length === limits.configurationProblemsMax) break
    const split = flag.indexOf('=')
    const name = split === -1 ? flag : flag.slice(0, split)
    const setting = settingNamed(name)
    const origin: Origin = { layer: 'flags', flag: `--set ${shown(name)}` }
    if (setting === undefined) problems.push(unknownKey(origin, name.split('.')))
    else if (split === -1) {
      problems.push({ origin, key: `session.${name}`, what: 'has no value', right: `write ${name}=<value>` })
    } else said.push({ setting, text: flag.slice(split + 1), origin })
  }
  const layer = layerOf(said)
  return { ...layer, problems: [...problems, ...layer.problems] }
}

interface Said {
  readonly setting: SettingName
  readonly text: string
  readonly origin: Origin
}

function layerOf(said: readonly Said[]): Layer {
  const values = new Map<SettingName, Value>()
  const problems: Problem[] = []
  for (const { setting, text, origin } of said) {
    const { name, takes } = keys[setting]
    const value = literal(text)
    if (shapes[setting].safeParse(value).success) values.set(setting, { value, origin })
    else problems.push(wrongValue(origin, `session.${name}`, JSON.stringify(shown(text)), takes))
  }
  return { values, problems }
}

const words: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
])

const numberPattern = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i

/** What a word stands for: a word, number or object of JSON, else a text. */
function literal(text: string): unknown {
  const word = words.get(text)
  if (word !== undefined) return word
  if (text.startsWith('{')) return objectOr(text)
  return numberPattern.test(text) ? Number(text) : text
}

function objectOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

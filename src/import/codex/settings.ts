/** What a turn says of permissions and surroundings, told when it changes. */

import { oneLine } from '../../events/content.ts'
import { digest } from '../step.ts'
import { type Scene, say } from './memory.ts'
import { field } from './shape.ts'

type Kind = 'permissions' | 'environment'
type Setting = readonly [kind: Kind, name: string, value: unknown]

const charactersMax = 200

/** The settings that the context of a turn names. */
export function tellSettings(scene: Scene): void {
  const { payload } = scene
  const sandbox = payload.sandbox_policy
  const network = field(sandbox, 'network_access')
  tell(scene, [
    ['permissions', 'approval', payload.approval_policy],
    [
      'permissions',
      'sandbox',
      typeof sandbox === 'string' ? sandbox : (field(sandbox, 'type') ?? field(sandbox, 'mode')),
    ],
    ['permissions', 'network', typeof network === 'boolean' ? (network ? 'enabled' : 'restricted') : network],
    ['environment', 'timezone', payload.timezone],
    ['environment', 'effort', payload.effort],
    ['environment', 'summary', payload.summary],
    ['environment', 'personality', payload.personality],
    ['environment', 'collaboration', field(payload.collaboration_mode, 'mode')],
  ])
}

/** The tags of an `<environment_context>`, and what each of them sets. */
const tags: Readonly<Record<string, readonly [Kind, string]>> = {
  approval_policy: ['permissions', 'approval'],
  sandbox_mode: ['permissions', 'sandbox'],
  network_access: ['permissions', 'network'],
  shell: ['environment', 'shell'],
  timezone: ['environment', 'timezone'],
  operating_system: ['environment', 'operating-system'],
}
const tagOf = /<([a-z_]{1,40})>([^<>]{1,400})<\/\1>/g

/** The settings that stand in a message to the model. */
export function tellEnvironment(scene: Scene, text: string): void {
  const found: Setting[] = []
  for (const [, name = '', value] of text.matchAll(tagOf)) {
    const setting = Object.hasOwn(tags, name) ? tags[name] : undefined
    if (setting !== undefined) found.push([...setting, value])
  }
  tell(scene, found)
}

function tell(scene: Scene, settings: readonly Setting[]): void {
  const { settings: known } = scene.memory
  const changes: Record<Kind, Record<string, string>> = { permissions: {}, environment: {} }
  let isNew = false
  for (const [kind, name, value] of settings) {
    const line = typeof value === 'string' ? oneLine(value, charactersMax) : ''
    if (line === '' || known[`${kind}.${name}`] === line) continue
    known[`${kind}.${name}`] = line
    changes[kind][name] = line
    isNew = true
  }
  if (!isNew) return
  const { permissions, environment } = changes
  const key = `system/${scene.time}/${digest(JSON.stringify(changes))}`
  say(scene, key, {
    type: 'system.describe',
    ...(Object.keys(permissions).length === 0 ? {} : { permissions }),
    ...(Object.keys(environment).length === 0 ? {} : { environment }),
  })
}

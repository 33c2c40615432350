/**
 * A plan that is accepted with a cleared context looks like a rejected one: its result says that the user did not want
 * it, an interruption follows, and then a prompt to implement it. What the rejection means is held back until the next
 * prompt or reply shows which of the two it was.
 */
import type { Command } from '../../events/commands.ts'
import type { Content } from '../../events/content.ts'
import { bounds } from '../bounds.ts'
import { holdingOf, holdingOfPlan } from '../items.ts'
import { type Scene, say, stepOf } from './memory.ts'

const acceptance = /^Implement the following plan:/

export function holdRejectedPlan(
  scene: Scene,
  key: string,
  intent: Extract<Command, { type: 'tool.return' }>,
  contents: readonly Content[],
): void {
  settlePlan(scene, false)
  const rejected = stepOf(scene, key, intent, contents)
  const isLong = contents.some(({ ref }) => ref.bytes > bounds.heldCharactersMax)
  if (isLong) scene.steps.push(rejected)
  else {
    const accepted = stepOf(scene, key, { ...intent, outcome: 'ok' }, contents)
    scene.talk.plan = { ifRejected: [rejected], ifAccepted: [accepted] }
  }
}

/** Holds an interruption with the rejection it belongs to. Gives whether it was held. */
export function holdInterruption(scene: Scene, key: string, reason: string): boolean {
  const { plan } = scene.talk
  if (plan === null || plan.ifRejected.length > 1) return false
  const interruption = stepOf(scene, key, { type: 'turn.interrupt', reason })
  scene.talk.plan = { ...plan, ifRejected: [...plan.ifRejected, interruption] }
  return true
}

/** Tells what a held plan came to, now that it is known. */
export function settlePlan(scene: Pick<Scene, 'talk' | 'steps'>, accepted: boolean): void {
  const { plan } = scene.talk
  if (plan === null) return
  scene.talk.plan = null
  scene.steps.push(...(accepted ? plan.ifAccepted : plan.ifRejected))
}

/** Remembers what a plan says until it is known what becomes of it. A longer one is known by its result alone. */
export function rememberPlan(scene: Scene, id: string, input: unknown): void {
  const text: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, 'plan') : undefined
  const isKept = typeof text === 'string' && text.length <= bounds.heldCharactersMax
  scene.talk.planText = isKept ? { id, text } : null
}

/** A plan was accepted: it is what is worked on, and lies in the window to be kept. */
export function tellPlan(scene: Scene, key: string, plan: string): void {
  const holding = holdingOfPlan(plan)
  if (holding.text === '') return
  const { title } = holding
  if (title !== '') say(scene, `${key}/focus`, { type: 'focus.change', objectives: [title] })
  const { intent, contents } = holdingOf(holding)
  say(scene, `${key}/item`, intent, contents)
}

/** Below the plan the tool names the transcript of the conversation that it was made in. */
const pointer = /\n\s*\nIf you need specific details from before[\s\S]*$/

/** A prompt that asks to implement an accepted plan holds it. */
export function tellPlanOfPrompt(scene: Scene, prompt: string): void {
  const written = prompt.replace(acceptance, '').replace(pointer, '')
  tellPlan(scene, `${scene.key}/plan`, scene.entry.planContent ?? written)
}

export function isAcceptance(prompt: string): boolean {
  return acceptance.test(prompt)
}

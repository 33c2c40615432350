/**
 * A plan that is accepted with a cleared context looks like a rejected one: its result says that the user did not want
 * it, an interruption follows, and then a prompt to implement it. What the rejection means is held back until the next
 * prompt or reply shows which of the two it was.
 */
import type { Command } from '../../events/commands.ts'
import { bounds } from '../bounds.ts'
import type { Content } from '../text.ts'
import { type Scene, stepOf } from './memory.ts'

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

export function isAcceptance(prompt: string): boolean {
  return acceptance.test(prompt)
}

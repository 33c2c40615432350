/** How the steps of a recovery change state. Total: a step of another recovery than the present one changes nothing. */
import type { RecoveryStatus, RecoveryStep } from '../events/recovery.ts'
import { note, type Recipes } from './recipe.ts'

export const recoveryRecipes: Pick<Recipes, 'recovery.began' | 'recovery.step-recorded' | 'recovery.failed'> =
  {
    'recovery.began': (state, { data, time, version }) => {
      state.status = 'active'
      state.recovery = {
        id: data.recoveryId,
        status: 'restoring',
        startedAt: time,
        version,
        checkpointId: data.checkpointId ?? null,
        taskPolicy: data.taskPolicy,
        steps: [],
        endedAt: null,
        reason: null,
      }
      note(state, version, time, 'recovery began')
    },
    'recovery.step-recorded': (state, { data, time }) => {
      const { recovery } = state
      if (recovery?.id !== data.recoveryId) return
      const { step, outcome, detail, lines = [] } = data
      recovery.status = statusAfter[step]
      recovery.steps.push({ step, outcome, detail, lines, time })
    },
    'recovery.failed': (state, { data, time, version }) => {
      if (state.recovery?.id === data.recoveryId) {
        state.recovery.status = 'failed'
        state.recovery.endedAt = time
        state.recovery.reason = data.reason
      }
      note(state, version, time, `recovery failed: ${data.reason}`)
    },
  }

const statusAfter: Readonly<Record<RecoveryStep, RecoveryStatus>> = {
  restore: 'validating',
  validate: 'resuming',
  resume: 'assessing',
  assess: 'planning',
  plan: 'notifying',
}

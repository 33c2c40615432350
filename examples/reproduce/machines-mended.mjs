// The same machines, mended: a task that waited is warned when the window is that full.
import { taskMachine as usual } from 'waymark/machines'
import { createMachine } from 'xstate'

const { config, implementations } = usual
const back = { actions: { type: 'remember', params: { from: 'blocked' } } }

export const taskMachine = createMachine(
  {
    ...config,
    states: {
      ...config.states,
      blocked: {
        on: {
          ...config.states.blocked.on,
          'task.unblock': [
            { ...back, guard: 'returnsToPending', target: 'pending' },
            { ...back, guard: 'warned', target: 'token_warning' },
            { ...back, target: 'in_progress' },
          ],
        },
      },
    },
  },
  implementations,
)

// Machines that a team has changed, with a bug planted in them: a task that waited goes straight back to work, also when the window has
// become so full meanwhile that it should be warned.
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
            { ...back, target: 'in_progress' },
          ],
        },
      },
    },
  },
  implementations,
)

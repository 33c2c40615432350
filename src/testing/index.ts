/** What Waymark tests itself with, for your tests: arbitraries for fast-check, and histories played into a log. */
export {
  commandArbitrary,
  contextCommandArbitrary,
  historyArbitrary,
  knowledgeCommandArbitrary,
  sessionCommandArbitrary,
  taskCommandArbitrary,
  usageCommandArbitrary,
  workCommandArbitrary,
} from './arbitraries.ts'
export { type Played, type PlayedStep, play } from './play.ts'

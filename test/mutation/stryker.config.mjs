/** How Stryker runs over one room, named by MUTATION_ROOM. What was found out before is not found out again: `reports/` keeps it. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rooms } from './rooms.mjs'

const room = process.env.MUTATION_ROOM ?? 'machines'
const report = (name) => join(import.meta.dirname, 'reports', name)

export default {
  testRunner: 'stays',
  plugins: [join(import.meta.dirname, 'runner.mjs')],
  mutate: [rooms[room].mutate],
  coverageAnalysis: 'perTest',
  // What is evaluated once, when a module is loaded, would need all tests in a fresh process.
  ignoreStatic: true,
  // Stryker would read it with a TypeScript that has an API; 7 has none.
  tsconfigFile: 'there-is-none.json',
  ignorePatterns: ['dist', 'bench', '.ci', 'coverage'],
  // Outside of the project, whose own tests would find the copies.
  tempDirName: join(tmpdir(), 'waymark-mutation'),
  concurrency: 2,
  timeoutMS: 90_000,
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportMutants: false },
  jsonReporter: { fileName: report(`${room}.json`) },
  incremental: true,
  incrementalFile: report(`${room}-before.json`),
}

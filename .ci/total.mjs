// Adds up the JSON reports of vitest in a folder and prints one line: "N passed, N failed".
// A file that could not even be loaded has no tests in its report: it counts as one failed.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.argv[2] ?? '.'
const reports = readdirSync(folder).filter((file) => /^tests-.*\.json$/.test(file))
const total = { passed: 0, failed: 0 }

for (const name of reports) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  )
  total.passed += report.numPassedTests
  total.failed += report.numFailedTests + unloaded.length
  const skipped = report.numPendingTests + report.numTodoTests
  if (skipped > 0) console.log(`${name}: ${skipped} skipped`)
}

console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1

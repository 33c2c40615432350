/** Mutation testing, room by room: `npm run mutation`, or `npm run mutation -- decide fold`. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { rooms } from './rooms.mjs'

const stryker = join(import.meta.dirname, 'node_modules/@stryker-mutator/core/bin/stryker.js')
if (!existsSync(stryker)) {
  console.error('Stryker is not installed; run: npm ci --prefix test/mutation')
  process.exit(1)
}
const named = process.argv.slice(2)
const unknown = named.filter((name) => !Object.hasOwn(rooms, name))
if (unknown.length > 0) {
  console.error(`no room ${unknown.join(', ')}; there are ${Object.keys(rooms).join(', ')}`)
  process.exit(1)
}
for (const room of named.length > 0 ? named : Object.keys(rooms)) {
  const { status } = spawnSync(
    process.execPath,
    [stryker, 'run', join(import.meta.dirname, 'stryker.config.mjs')],
    {
      cwd: join(import.meta.dirname, '../..'),
      env: { ...process.env, MUTATION_ROOM: room },
      stdio: 'inherit',
    },
  )
  if (status !== 0) process.exitCode = 1
}

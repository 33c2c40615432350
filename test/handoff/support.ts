/** Sessions and packages for tests of handoffs. */
import { onTestFinished } from 'vitest'
import type { Settings } from '../../src/configuration/settings.ts'
import type { HandoffPackage } from '../../src/handoff/package.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { OpenOptions } from '../../src/session/open-host.ts'
import type { Session } from '../../src/session/session.ts'
import { type SessionOptions, Waymark } from '../../src/session/waymark.ts'
import { temporaryHome } from '../support/processes.ts'

/** A home in memory. */
export async function inMemory(
  settings: Partial<Settings> = {},
  options: OpenOptions = {},
): Promise<Waymark> {
  return Waymark.open({ store: new MemoryLog(), settings, ...options })
}

/** A home on disk, taken away after the test. */
export async function onDisk(settings: Partial<Settings> = {}): Promise<{
  readonly home: string
  readonly waymark: Waymark
}> {
  const { home, remove } = await temporaryHome()
  const waymark = await Waymark.open({ home, settings })
  onTestFinished(async () => {
    await waymark.close()
    await remove()
  })
  return { home, waymark }
}

export const secretText = 'The token is kept in the keychain under waymark-test.'

/** A session in the middle of its work: a SPEC, tasks, constraints, a critical item and a temporary one. */
export async function worked(waymark: Waymark, options: SessionOptions = {}): Promise<Session> {
  const session = await waymark.createSession({
    title: 'Log in',
    model: 'claude-sonnet-4-5',
    windowTokens: 200_000,
    agent: 'spec-builder',
    ...options,
  })
  await session.send({ type: 'user.describe', language: 'ko', expertise: 'intermediate' })
  await session.send({ type: 'project.describe', name: 'MoAI-ADK' })
  await session.send({ type: 'task.add', taskId: 'SPEC-001', title: 'Log in' })
  await session.send({ type: 'task.add', taskId: 'T-1', title: 'Hash passwords', parentTaskId: 'SPEC-001' })
  await session.send({
    type: 'task.add',
    taskId: 'T-2',
    title: 'Sign out',
    parentTaskId: 'SPEC-001',
    dependsOn: ['T-1'],
  })
  for (const completedStep of ['spec_complete', 'architecture_defined']) {
    await session.send({ type: 'spec.update', specId: 'SPEC-001', phase: 'implementation', completedStep })
  }
  await session.send({
    type: 'focus.change',
    constraints: ['must_use_pytest', 'coverage_85'],
    nextStep: 'write_tests',
  })
  await session.send({
    type: 'context.add',
    tag: '@SECRET-001',
    tier: 'critical',
    category: 'reference.project',
    content: secretText,
  })
  await session.send({
    type: 'context.add',
    tag: '@NOTE-001',
    tier: 'temporary',
    category: 'conversation.messages',
    content: 'a passing remark',
  })
  await session.send({ type: 'task.start', taskId: 'T-1' })
  return session
}

/** The package of an offer of a session at work. */
export async function aPackage(): Promise<HandoffPackage> {
  const session = await worked(await inMemory())
  return (await session.handOff({ toAgent: 'tdd-implementer', reason: 'the plan stands' })).package
}

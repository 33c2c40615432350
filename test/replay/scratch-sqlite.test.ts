import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { it } from 'vitest'
import { summaryOf } from '../../src/fold/summary.ts'
import { openSqliteLog } from '../../src/store/sqlite/open.ts'
import { verifyLog } from '../../src/replay/verify.ts'
import { decide } from '../../src/decide/decide.ts'
import { standardMachines } from '../../src/decide/machines.ts'
import { commandOf } from '../../src/events/catalogue.ts'
import { foldInto } from '../../src/fold/fold.ts'
import { initialState } from '../../src/fold/state.ts'
import { importFiles } from '../../src/import/import.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { HomeCalls, ReportedCalls } from '../../src/replay/verify-calls.ts'
import { MachinesCheck } from '../../src/replay/verify-machines.ts'
import { standardPolicies } from '../../src/session/policy.ts'

it('speed', { timeout: 600000 }, async () => {
  const { clock, ids } = seeded(3)
  const log = new MemoryLog()
  await importFiles(log, { clock, ids, policies: standardPolicies }, ['/work/shared/transcripts'])
  const material: any[] = []
  for await (const page of log.readAll(0)) for (const e of page as any[]) {
    if (e.index === 0 && !/^session\.(started|ended|forked|recovered|taken-over|suspended|handed-off|resumed)/.test(e.type)) material.push(e)
  }
  const id = 'sess_00000000-0000-4000-8000-000000000000'
  const state = initialState(id)
  const events: any[] = []
  const calls = new ReportedCalls()
  const count = Number(process.env['COUNT'] ?? 100000)
  const push = (command: any, time: string) => {
    const d = decide(state, command, { now: time, checkpointId: () => ids.uuid() && `ckpt_${ids.uuid()}`, handoffId: () => `hoff_${ids.uuid()}`, countedCall: (c, s) => s === 'home' ? null : calls.get(c) })
    if (!d.ok || d.events.length === 0) return false
    const commandId = ids.uuid()
    d.events.forEach((e: any, index: number) => {
      const ev: any = { ...e, data: JSON.parse(JSON.stringify(e.data)), id: '', sessionId: id, version: state.version + 1, position: events.length + 1, schemaVersion: e.type === 'task.failed' ? 2 : 1, time, recordedAt: time, actor: 'user', commandId, index, causationId: null, correlationId: null, ignorable: false }
      foldInto(state, [ev]); calls.add(ev); events.push(ev)
    })
    return true
  }
  push({ type: 'session.start', title: 'x' }, '2026-01-01T00:00:00.000Z')
  let n = 0, refusedCount = 0
  while (events.length < count) {
    n++
    const src = material[n % material.length]
    const round = Math.floor(n / material.length)
    let command: any = commandOf(src)
    if (n % 8 === 0) {
      const step = n / 8, taskId = `task-${step % 5000}`
      command = step < 5000 ? { type: 'task.add', taskId, title: `Task ${step}` } : Math.floor(step / 5000) % 3 === 1 ? { type: 'task.start', taskId } : Math.floor(step / 5000) % 3 === 2 ? { type: 'task.complete', taskId } : { type: 'task.describe', taskId, title: `T ${step}` }
    } else if (command.type === 'usage.record') command = { ...command, callId: `${command.callId}.${round}`, countedOnceIn: undefined }
    else if (command.toolCallId) command = { ...command, toolCallId: `${command.toolCallId}.${round}` }
    else if (command.taskId) command = { ...command, taskId: `${command.taskId}.${round}` }
    else if (command.checkpointId) command = { ...command, checkpointId: `ckpt_${ids.uuid()}` }
    command = JSON.parse(JSON.stringify(command))
    if (!push(command, src.time)) refusedCount++
  }
  const types: Record<string, number> = {}
  for (const e of events) types[e.type] = (types[e.type] ?? 0) + 1
  console.log('events', events.length, 'refused', refusedCount, 'tasks', state.taskCount, JSON.stringify(types))

  const store = await openSqliteLog({ path: '/tmp/v/speed.db' })
  const sid = id
  await store.transact((t) => t.create(sid, null))
  let st2 = initialState(sid)
  for (let k = 0; k < events.length; ) {
    let last = Math.min(events.length, k + 2000)
    while (last < events.length && events[last].index > 0) last++
    const slice = events.slice(k, last)
    await store.transact((t) => {
      let b: any[] = []
      const flush = () => { if (b.length) { foldInto(st2, b); t.append(sid, b.map((e) => ({ ...e, id: ids.uuid(), salt: ids.salt() })), summaryOf(st2 as any)); b = [] } }
      for (const e of slice) { if (e.index === 0) flush(); b.push(e) }
      flush()
    })
    k = last
  }
  for (let round = 0; round < 3; round++) {
    for (const machines of [null, standardMachines]) {
      const t = performance.now()
      const v = await verifyLog(store, sid, { machines })
      const ms = performance.now() - t
      console.log(machines === null ? 'without' : 'with machines', Math.round(ms), 'ms', Math.round((ms * 1e6) / events.length), 'ns/event', v.ok, JSON.stringify(v.sessions[0]!.problems.slice(0, 2)), v.sessions[0]!.machines?.batches, v.sessions[0]!.machines?.divergenceCount, JSON.stringify(v.sessions[0]!.machines?.divergences.slice(0,1)))
    }
  }
  await store.close()
})

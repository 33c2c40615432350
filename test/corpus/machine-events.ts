/** A short life of a machine's stream in which each of its own events comes up. */
import type { DurableMachine } from '../../src/decide/durable/port.ts'
import type { Command } from '../../src/events/commands.ts'

export function machineEvents({ machineId, machineVersion, machineHash }: DurableMachine): readonly Command[] {
  const named = { machineId, machineVersion, machineHash }
  return [
    { type: 'machine.start', ...named, nativeId: 'order-42', title: 'Shoes', input: { items: ['shoes'] }, unknownEvents: 'record', timerPolicy: 'elapsed' },
    { type: 'machine.send', event: { type: 'ADD', item: 'a/b~c' } },
    { type: 'machine.send', event: { type: 'RETURN' } },
    { type: 'machine.resume-timers', policy: 'remaining', stoppedAt: '2026-01-01T00:00:02.000Z' },
    { type: 'machine.fire-timer', timerId: '0:0' },
    { type: 'machine.send', event: { type: 'RETURN' } },
    { type: 'machine.send', event: { type: 'PAY' } },
    { type: 'machine.settle-effect', effectId: '4:0', outcome: 'error', error: { name: 'Error', message: 'no money' } },
    { type: 'machine.send', event: { type: 'PAY' } },
    { type: 'machine.settle-effect', effectId: '6:0', outcome: 'done', output: 'receipt for 2' },
    { type: 'machine.report-failure', effectId: '7:0', action: 'thank', error: { name: 'Error', message: 'no mail' } },
    { type: 'machine.send', event: { type: 'PACK', label: 'ada' }, to: ['parcel'] },
    { type: 'task.add', taskId: 'A', title: 'bring it to the post' },
    { type: 'machine.fire-timer', timerId: '8:0' },
    { type: 'machine.migrate', ...named, fromVersion: machineVersion, snapshot: { status: 'active', value: 'forgotten', context: { items: [] }, children: {}, historyValue: {} }, unknownEvents: 'ignore' },
  ]
}

/**
 * Goal: viewers made for XState watch a durable machine.
 * Method: the inspector, the server and the receiving end of `@statelyai/inspect`, as they are, over a real socket.
 */
import { createServer } from 'node:net'
import { createWebSocketInspector, createWebSocketReceiver } from '@statelyai/inspect'
import { createInspectorServer } from '@statelyai/inspect/server'
import { expect, it, vi } from 'vitest'
import { sendTo, setup } from 'xstate'
import { taskMachine } from '../../machines/index.ts'
import { durable, MemoryLog, Waymark } from '../../src/index.ts'

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

const release = setup({ actors: { task: taskMachine } }).createMachine({
  id: 'release',
  initial: 'working',
  states: {
    working: {
      invoke: { src: 'task', id: 'task' },
      on: { BEGIN: { actions: sendTo('task', { type: 'task.start' }) } },
    },
  },
})

it('a viewer over a socket sees the machine, its child, what they are sent and where it leads', async () => {
  const port = await freePort()
  const url = `ws://localhost:${port}`
  const server = createInspectorServer({ port, autoOpen: false })
  const inspector = createWebSocketInspector({ url })
  const received: Record<string, unknown>[] = []
  const viewer = createWebSocketReceiver({ server: url } as never)
  viewer.subscribe((event) => void received.push({ ...event }))
  const waymark = await Waymark.open({ store: new MemoryLog() })
  try {
    const actor = await durable(release, { log: waymark, id: 'r', inspect: inspector.inspect as never })
    await actor.send({ type: 'BEGIN' })
    const child = `${actor.sessionId}/task`
    await vi.waitFor(
      () =>
        expect(received).toContainEqual(
          expect.objectContaining({
            type: '@xstate.snapshot',
            sessionId: child,
            rootId: actor.sessionId,
            snapshot: expect.objectContaining({ value: 'in_progress' }),
          }),
        ),
      { timeout: 5_000 },
    )
    const actors = received.filter(({ type }) => type === '@xstate.actor')
    expect(actors.map(({ sessionId, parentId }) => [sessionId, parentId])).toEqual(
      expect.arrayContaining([
        [actor.sessionId, undefined],
        [child, actor.sessionId],
      ]),
    )
    expect(actors.map(({ definition }) => JSON.parse(String(definition)).id)).toEqual(
      expect.arrayContaining(['release', 'task']),
    )
    expect(received).toContainEqual(
      expect.objectContaining({
        type: '@xstate.event',
        sessionId: child,
        sourceId: actor.sessionId,
        event: { type: 'task.start' },
      }),
    )
    await actor.stop()
  } finally {
    inspector.stop()
    server.stop()
    await waymark.close()
  }
})

/** A graph of tasks worked on by many: planned, claimed, completed, given back. Any number of processes may work on one graph. */

import type { Command } from '../../events/commands.ts'
import type { GraphSpec } from '../../events/graph.ts'
import { fold } from '../../fold/fold.ts'
import { type ReadonlyState, taskOf } from '../../fold/state.ts'
import { CommandRefused, SessionNotFound, WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import { type GraphNode, type GraphView, graphOf } from '../../views/graph.ts'
import type { SessionHost } from '../host.ts'
import { record } from '../record.ts'
import type { RecoveryReport } from '../recover.ts'
import { Session } from '../session.ts'
import { readable, TaskResults, workBrief } from './brief.ts'
import { checkEpoch, holdAgain, isReady, recordClaim, recordedClaim, recordTakeOver } from './claim.ts'
import {
  type Claim,
  type ClaimOptions,
  checkedMeta,
  type GraphNews,
  nodeOf,
  notReady,
  type SettleOptions,
} from './options.ts'
import { type PlanOptions, planGraph } from './plan.ts'
import { type Reclaimed, type ReclaimOptions, recordReclaim, recordSettlement } from './settle.ts'
import { type GraphWorker, lossesIn, offeredTo, workersIn } from './workers.ts'

interface Held {
  readonly session: Session
  readonly epoch: number
}

/**
 * The tasks of a session as a graph that many work on. Make it with `waymark.graph`. What it says is decided inside the store's
 * transactions, so that one worker gets a task and every other one gets another.
 *
 * @example
 * ```ts
 * const graph = await waymark.graph(session.id)
 * await graph.plan([{ id: 'api', title: 'Write the API' }, { id: 'docs', title: 'Describe it', dependsOn: ['api'] }])
 * const claim = await graph.claim({ agent: 'ada' })
 * claim?.task.id // 'api'
 * await graph.complete('api', { result: 'three endpoints' })
 * const ready = await graph.ready()
 * ready.map(({ id }) => id) // ['docs']
 * ```
 */
export class TaskGraph {
  readonly sessionId: string
  readonly #host: SessionHost
  readonly #recover: (sessionId: string) => Promise<RecoveryReport>
  readonly #results = new TaskResults()
  readonly #held = new Map<string, Held>()
  #state: ReadonlyState
  #viewed: { readonly state: ReadonlyState; readonly view: GraphView } | null = null

  /** Not for callers: `Waymark` makes graphs. */
  constructor(
    host: SessionHost,
    state: ReadonlyState,
    recover: (sessionId: string) => Promise<RecoveryReport>,
  ) {
    this.sessionId = state.sessionId
    this.#host = host
    this.#state = state
    this.#recover = recover
  }

  /** The graph as it is now, whoever changed it. */
  async view(): Promise<GraphView> {
    return this.#viewOf(await this.#refreshed())
  }

  /** What may be started now: first what the longest chain waits for. */
  async ready(): Promise<readonly GraphNode[]> {
    const { ready, nodes } = await this.view()
    const byId = new Map(nodes.map((node) => [node.id, node]))
    return ready.flatMap((id) => byId.get(id) ?? [])
  }

  /** Who works on what now, and who is gone. */
  async workers(options: Pick<ReclaimOptions, 'silentMs'> = {}): Promise<readonly GraphWorker[]> {
    return workersIn(this.#host, await this.#refreshed(), options.silentMs)
  }

  /**
   * Adds the nodes of a plan, all in one transaction or none. Nodes that are there already just so stay as they are.
   *
   * @throws WaymarkError `GRAPH_INVALID` with the cycle, or with the id that is unknown, there twice or means another task;
   * `COMMAND_REFUSED`
   */
  async plan(
    specs: readonly GraphSpec[],
    options: PlanOptions = {},
  ): Promise<{ readonly added: readonly string[]; readonly present: readonly string[] }> {
    const { commandId, actor } = checkedMeta(options)
    const meta = {
      ...(commandId === undefined ? {} : { commandId }),
      ...(actor === undefined ? {} : { actor }),
    }
    const { added, present, state } = await planGraph(this.#host, this.#state, specs, meta)
    this.#state = state
    return { added, present }
  }

  /**
   * Claims the next ready task, or a named one, for an agent: starts it, and begins its work session or resumes the one it had. `null`
   * when nothing is ready. However many claim at the same time, each task goes to one of them.
   *
   * @throws WaymarkError `LIMIT_REACHED` when as many sessions are being worked in as may be: the task stays ready; `COMMAND_REFUSED`
   * when the named task is not ready; `COMMAND_INVALID`; StaleHolder when a repeated claim has been taken back since
   */
  async claim(options: ClaimOptions): Promise<Claim | null> {
    const { environment, log } = this.#host
    checkedMeta({ commandId: options.commandId, actor: options.agent })
    const commandId = options.commandId ?? environment.ids.uuid()
    if (options.commandId !== undefined) {
      const again = await this.#claimAgain(options, options.commandId)
      if (again !== null) return again
    }
    for (let attempt = 0; attempt < limits.claimAttemptsMax; attempt++) {
      const state = await this.#refreshed()
      const taskId = options.taskId ?? this.#viewOf(state).ready[0]
      if (taskId === undefined) return null
      const task = taskOf(state, taskId)
      if (task === undefined || !isReady(state, taskId)) throw notReady(this.#viewOf(state), taskId)
      const brief = await workBrief(log, state, task, this.#results)
      const earlier = task.workSessionId === null ? null : await readable(log, task.workSessionId)
      const { agent, tied = true, work = {} } = options
      const claiming = { taskId, agent, commandId, tied, work, earlier, brief }
      const recorded = await log.transact((transaction) =>
        recordClaim(transaction, state, claiming, this.#host),
      )
      if (recorded !== null) return this.#claimed(taskId, recorded, brief)
    }
    throw new WaymarkError('STORE_BUSY', {
      message: `others were quicker ${limits.claimAttemptsMax} times`,
      hint: 'claim again',
    })
  }

  /**
   * Takes over a task whose work session was handed off to this agent. The agent that handed it off is refused from now on.
   *
   * @throws CommandRefused when the session was not handed off to this agent
   */
  async takeOver(
    taskId: string,
    options: { readonly agent: string; readonly tied?: boolean },
  ): Promise<Claim> {
    const { agent, tied = true } = options
    checkedMeta({ actor: agent })
    const state = await this.#refreshed()
    const earlier = await this.#workOf(taskId)
    const task = taskOf(state, taskId)
    if (earlier === null || task === undefined) throw notReady(this.#viewOf(state), taskId)
    const taken = await this.#host.log.transact((transaction) =>
      recordTakeOver(transaction, state, earlier, { taskId, agent, tied }, this.#host),
    )
    if (taken === null) throw notReady(this.#viewOf(await this.#refreshed()), taskId)
    const brief = await workBrief(this.#host.log, state, task, this.#results)
    return this.#claimed(taskId, taken, brief, false)
  }

  /**
   * Completes a task, and ends its work session with the result. A worker whose task was taken back meanwhile is refused.
   *
   * @throws StaleHolder, CommandRefused
   */
  async complete(taskId: string, options: SettleOptions & { readonly result?: string } = {}): Promise<void> {
    const { result } = options
    const command: Command = { type: 'task.complete', taskId, ...(result === undefined ? {} : { result }) }
    await this.#settle(taskId, [command], result ?? `task ${taskId} is completed`, options)
  }

  /**
   * Lets a task fail. Its dependants are held up until it is retried, if it may be.
   *
   * @throws StaleHolder, CommandRefused
   */
  async fail(
    taskId: string,
    options: SettleOptions & { readonly reason: string; readonly retryable?: boolean },
  ): Promise<void> {
    const { reason, retryable = false } = options
    await this.#settle(
      taskId,
      [{ type: 'task.fail', taskId, reason, retryable }],
      `task ${taskId} failed: ${reason}`,
      options,
    )
  }

  /**
   * Gives a task back: it is ready again, and the next claim resumes its work session. It is recorded as a failure that was recovered.
   *
   * @throws StaleHolder, CommandRefused
   */
  async release(taskId: string, options: SettleOptions & { readonly reason?: string } = {}): Promise<void> {
    const reason = options.reason ?? 'given back'
    const commands: readonly Command[] = [
      { type: 'task.fail', taskId, reason, retryable: true },
      { type: 'task.recover', taskId },
    ]
    await this.#settle(taskId, commands, `task ${taskId} is given back: ${reason}`, options)
  }

  /** Makes a failed task ready again. @throws CommandRefused when it was given up for good */
  async retry(taskId: string, options: { readonly actor?: string } = {}): Promise<void> {
    const { actor = 'user' } = options
    checkedMeta({ actor })
    this.#state = await this.#host.log.transact((transaction) => {
      const request = { sessionId: this.sessionId, command: recoverTask(taskId), meta: { actor } }
      return record(transaction, this.#state, request, this.#host.environment).state
    })
    this.#host.appended(this.sessionId)
  }

  /**
   * Takes back every running task whose worker is gone. Each fails, visibly, and is recovered: the next claim resumes its session.
   */
  async reclaim(options: ReclaimOptions = {}): Promise<readonly Reclaimed[]> {
    checkedMeta({ actor: options.actor })
    const { state, reclaimed } = await this.#host.log.transact((transaction) =>
      recordReclaim(transaction, this.#state, options, this.#host),
    )
    this.#state = state
    if (reclaimed.length > 0) this.#host.appended(this.sessionId)
    return reclaimed
  }

  /** Waits until there is something to do for a worker, and says what; with its name, also what was handed off to it. */
  async waitForReady(signal: AbortSignal, agent?: string): Promise<GraphNews> {
    while (!signal.aborted) {
      const position = await this.#host.log.position()
      const state = await this.#refreshed()
      const view = this.#viewOf(state)
      const offered = agent === undefined ? null : await this.#offeredTo(state, agent)
      if (offered !== null) return 'offered'
      if (view.ready.length > 0) return 'ready'
      if ((await lossesIn(this.#host, state)).size > 0) return 'lost'
      if (view.counts.running + view.counts.blocked === 0) return view.finished ? 'finished' : 'held-up'
      // A killed process tells nobody: somebody has to look.
      const look = AbortSignal.timeout(limits.workerLookIntervalMs)
      await this.#host.log.changed(position, AbortSignal.any([signal, look]))
    }
    return 'aborted'
  }

  /**
   * One claim after the other, until the graph is finished, held up, or the signal aborts. What was handed off to the agent comes first;
   * tasks whose workers are gone are taken back on the way. Settle each claim, or hand it off, before you ask for the next.
   */
  async *claims(
    options: Omit<ClaimOptions, 'taskId' | 'commandId'> & { readonly signal: AbortSignal },
  ): AsyncGenerator<Claim, GraphNews, undefined> {
    const { signal, ...own } = options
    for (;;) {
      const news = await this.waitForReady(signal, own.agent)
      if (news === 'lost') await this.reclaim({ actor: own.agent })
      else if (news !== 'ready' && news !== 'offered') return news
      const claim =
        news === 'ready' ? await this.claim(own) : news === 'offered' ? await this.#takeOffered(own) : null
      if (claim !== null) yield claim
    }
  }

  #offeredTo(state: ReadonlyState, agent: string): Promise<string | null> {
    const { log, environment } = this.#host
    return offeredTo(log, state, agent, environment.clock.now())
  }

  async #takeOffered(options: Pick<ClaimOptions, 'agent' | 'tied'>): Promise<Claim | null> {
    const taskId = await this.#offeredTo(await this.#refreshed(), options.agent)
    try {
      return taskId === null ? null : await this.takeOver(taskId, options)
    } catch (error) {
      // It was withdrawn, or has expired, since.
      if (error instanceof CommandRefused) return null
      throw error
    }
  }

  /** The view of a state, made once: whoever waits looks often. */
  #viewOf(state: ReadonlyState): GraphView {
    if (this.#viewed?.state !== state) this.#viewed = { state, view: graphOf(state) }
    return this.#viewed.view
  }

  async #refreshed(): Promise<ReadonlyState> {
    const { log } = this.#host
    let state = this.#state
    for await (const page of log.read(this.sessionId, { after: state.version })) state = fold(state, page)
    if (state.version > this.#state.version) this.#state = state
    return this.#state
  }

  async #claimed(
    taskId: string,
    recorded: { readonly state: ReadonlyState; readonly work: ReadonlyState; readonly resumed: boolean },
    brief: string,
    recovers = recorded.resumed,
  ): Promise<Claim> {
    const { state, work, resumed } = recorded
    const session = new Session(this.#host, work)
    this.#state = state
    this.#host.writers?.committed(work)
    for (const id of [this.sessionId, work.sessionId]) this.#host.appended(id)
    this.#held.set(taskId, { session, epoch: work.epoch })
    const recovery = recovers ? await this.#recover(work.sessionId) : null
    if (recovers) await session.refresh()
    return { task: nodeOf(this.#viewOf(state), taskId), session, brief, resumed, recovery }
  }

  /** The claim that this command id stands for already. */
  async #claimAgain({ agent, tied = true }: ClaimOptions, commandId: string): Promise<Claim | null> {
    const { log } = this.#host
    const found = await log.transact((transaction) =>
      recordedClaim(transaction, this.sessionId, agent, commandId),
    )
    if (found === null) return null
    const { taskId, workSessionId, epoch } = found
    const work = await readable(log, workSessionId)
    if (work === null) throw new SessionNotFound({ message: `no session ${workSessionId} in this home` })
    checkEpoch(work, epoch)
    const state = await this.#refreshed()
    const task = taskOf(state, taskId)
    if (task === undefined) throw notReady(this.#viewOf(state), taskId)
    await log.transact((transaction) => holdAgain(transaction, state, work, tied, this.#host))
    this.#host.writers?.committed(work)
    const session = this.#held.get(taskId)?.session ?? new Session(this.#host, work)
    this.#held.set(taskId, { session, epoch })
    const brief = await workBrief(log, state, task, this.#results)
    return {
      task: nodeOf(this.#viewOf(state), taskId),
      session,
      brief,
      resumed: task.attempts > 1,
      recovery: null,
    }
  }

  async #settle(
    taskId: string,
    commands: readonly Command[],
    endReason: string,
    options: SettleOptions,
  ): Promise<void> {
    const { agent, commandId = this.#host.environment.ids.uuid() } = options
    checkedMeta({ commandId, actor: agent })
    const held = this.#held.get(taskId)
    await this.#refreshed()
    const actor = agent ?? held?.session.state.holder ?? 'user'
    const settlement = {
      taskId,
      commands,
      endReason,
      commandId,
      actor,
      epoch: held?.epoch ?? null,
      agent: agent ?? null,
    }
    const known = held?.session.state ?? (await this.#workOf(taskId))
    const { state, work } = await this.#host.log.transact((transaction) =>
      recordSettlement(transaction, this.#state, known, settlement, this.#host),
    )
    this.#state = state
    this.#held.delete(taskId)
    this.#host.appended(this.sessionId)
    if (work === null) return
    this.#host.writers?.committed(work)
    this.#host.appended(work.sessionId)
  }

  /** The work session of a task as it is now; `null` when it has none that can be read. */
  async #workOf(taskId: string): Promise<ReadonlyState | null> {
    const workSessionId = taskOf(this.#state, taskId)?.workSessionId ?? null
    return workSessionId === null ? null : readable(this.#host.log, workSessionId)
  }
}

function recoverTask(taskId: string): Command<'task.recover'> {
  return { type: 'task.recover', taskId }
}

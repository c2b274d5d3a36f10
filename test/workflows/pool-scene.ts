import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { PoolAnswer, PoolQuestion } from '../../activities/admit-next.ts';
import type { CordonQuestion, Cordoned } from '../../activities/cordon.ts';
import type { Activities } from '../../activities/index.ts';
import { thisRun } from '../../activities/ownership.ts';
import { TASK_QUEUE, lockId } from '../../domain/names.ts';
import type { LockStatus, SignalRecord } from '../../domain/status.ts';
import type { Trouble } from '../../domain/trouble.ts';
import { until } from '../ask.ts';
import { NOTHING_NEW, RETURNED, stillWaits, worksUntil } from './played.ts';
import { World } from './world.ts';

/** A pool with room for so many nodes, in which a node is away until it is let back. What the lock counts is told here. */
export class Pool {
  readonly away = new Set<string>();
  readonly back = new Set<string>();
  /** The cordons in their order, by node and by grant. */
  readonly cordons: string[] = [];
  readonly grants: string[] = [];
  most = 0;
  troubles: readonly Trouble[] = [];
  /** The words by which people have excused them. */
  readonly excuses: SignalRecord[] = [];
  /** Nodes whose permit no open run counts on, and those of them of which nothing comes any more. */
  readonly ended = new Set<string>();
  readonly lapsed = new Set<string>();
  readonly world: World;
  /** The runs that have used their turn, by node: back within a moment here, before a late request of theirs may have arrived. */
  readonly #takenBy = new Map<string, string>();
  room: number;

  constructor(env: TestWorkflowEnvironment, room: number, changes: Partial<Activities> = {}) {
    this.room = room;
    this.world = new World(env, {
      admitNext: (asked) => this.count(asked),
      excuseTroubles: async (word) => {
        this.excuses.push(word);
        const excused = this.troubles.filter(({ sinceMs }) => sinceMs <= word.atMs);
        this.troubles = this.troubles.filter((trouble) => !excused.includes(trouble));
        return excused.map(({ node }) => node);
      },
      cordonNode: (asked) => this.take(asked),
      undoNode: async ({ node }) => {
        this.away.delete(node);
        this.#takenBy.delete(node);
        return { kind: 'undone' };
      },
      awaitReturn: async ({ node }) => {
        await worksUntil(() => this.back.has(node));
        this.away.delete(node);
        return RETURNED;
      },
      ...changes,
    });
  }

  async take(asked: CordonQuestion): Promise<Cordoned> {
    const { node, grantId } = asked;
    this.cordons.push(node);
    this.grants.push(grantId);
    this.away.add(node);
    this.#takenBy.set(node, thisRun().runId);
    this.most = Math.max(this.most, this.away.size);
    return await this.world.undisturbed.cordonNode(asked);
  }

  /** As the real count answers, with what this pool has been told; only it is tried again sooner. */
  async count({ candidates, permits, known }: PoolQuestion): Promise<PoolAnswer> {
    const of = (holds: (permit: (typeof permits)[number]) => boolean): string[] =>
      permits.filter(holds).map(({ grantId }) => grantId);
    const became = {
      used: of(({ node }) => this.away.has(node)),
      ended: of(({ node, endedMs }) => endedMs === undefined && this.ended.has(node)),
      lapsed: of(({ node, endedMs }) => endedMs !== undefined && this.lapsed.has(node)),
    };
    if (Object.values(became).some(({ length }) => length > 0)) return became;
    const late = candidates.find(({ node, runId }) => this.#takenBy.get(node) === runId);
    if (late) return { ...NOTHING_NEW, admission: { kind: 'gone', workflowId: late.workflowId } };
    const [first] = candidates;
    if (!first) throw stillWaits('permits not yet used', '100ms');
    const out = [...this.away, ...permits.map(({ node }) => node)];
    const because = `${out.join(', ')} out of service`;
    const { troubles } = this;
    const [trouble] = troubles;
    if (trouble) {
      const admission = {
        kind: 'halted',
        because: `halted for ${trouble.node}`,
      } as const;
      if (known !== admission.because) return { ...NOTHING_NEW, admission, troubles };
    } else if (out.length >= this.room) {
      if (known !== because) return { ...NOTHING_NEW, admission: { kind: 'wait', because } };
    } else {
      return { ...NOTHING_NEW, admission: await this.world.admission(first.workflowId) };
    }
    throw stillWaits(because, '100ms');
  }

  status(): Promise<LockStatus> {
    return this.world.lockStatus();
  }

  /** A lock of the test before answers queries too, although it has been ended. */
  async #now(): Promise<LockStatus | undefined> {
    const lock = await this.world
      .lock()
      .describe()
      .catch(() => undefined);
    return lock?.status.name === 'RUNNING' ? await this.status() : undefined;
  }

  /** Waits for what the lock that runs knows. */
  async shows(holds: (status: LockStatus) => boolean): Promise<LockStatus> {
    const isSo = (status: LockStatus | undefined) => status !== undefined && holds(status);
    return (await until(() => this.#now(), isSo)) as LockStatus;
  }

  /** Sends the lock something, and starts it where there is none. */
  async tell(signal: string, sent: object): Promise<void> {
    await this.world.client.workflow.signalWithStart('poolLock', {
      workflowId: lockId('workers'),
      taskQueue: TASK_QUEUE,
      args: [{ pool: 'workers' }],
      signal,
      signalArgs: [sent],
    });
  }

  /** Starts the rollouts one after the other, so that the order in which they ask is known. */
  async startInTurn(...nodes: readonly string[]) {
    const rollouts = [];
    for (const node of nodes) {
      rollouts.push(await this.world.start({ node }));
      await until(
        () => this.#now(),
        (now) =>
          this.cordons.includes(node) ||
          [...(now?.queue ?? []), ...(now?.permits ?? [])].some((entry) => entry.node === node),
      );
    }
    return rollouts;
  }

  /** Waits until exactly these nodes have been taken out, in this order. */
  async cordoned(...nodes: readonly string[]): Promise<void> {
    await until(
      async () => this.cordons.join(),
      (cordons) => cordons === nodes.join(),
    );
  }
}

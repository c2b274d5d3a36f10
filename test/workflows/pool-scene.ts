import { cancellationSignal, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../activities/index.ts';
import type { PoolNews, PoolQuestion } from '../../activities/watch-pool.ts';
import { rolloutId } from '../../domain/names.ts';
import type { LockStatus } from '../../domain/status.ts';
import { nextTurn, RECORD, until, World } from './stage.ts';

/** A pool with room for `permits` nodes, in which a node is away until it is let back. What the lock sees is told here. */
export class Pool {
  readonly back = new Set<string>();
  readonly cordons: string[] = [];
  most = 0;
  /** Runs that have ended, nodes that are in service again, and troubled nodes that are well. */
  readonly ended = new Set<string>();
  readonly inService = new Set<string>();
  readonly well = new Set<string>();
  readonly world: World;
  permits: number;

  constructor(env: TestWorkflowEnvironment, permits: number, changes: Partial<Activities> = {}) {
    this.permits = permits;
    const away = new Set<string>();
    this.world = new World(env, {
      watchPool: async (asked) => this.look(asked),
      cordonNode: async ({ node }) => {
        this.cordons.push(node);
        away.add(node);
        this.most = Math.max(this.most, away.size);
        const record = { ...RECORD, workflowId: rolloutId(node) };
        return { kind: 'cordoned', record, atMs: 1 };
      },
      awaitReturn: async ({ node }) => {
        while (!this.back.has(node)) {
          heartbeat();
          cancellationSignal().throwIfAborted();
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        away.delete(node);
        return { kind: 'returned', bootId: 'boot-2', stillRequired: false };
      },
      ...changes,
    });
  }

  /** As the real look answers, with what this pool has been told. */
  private look({ line, holders, troubles, known }: PoolQuestion): PoolNews {
    const ended = holders
      .filter(({ runId, orphanedMs }) => orphanedMs === undefined && this.ended.has(runId))
      .map(({ runId }) => runId);
    const free = holders
      .filter(({ node, orphanedMs }) => orphanedMs !== undefined && this.inService.has(node))
      .map(({ grantId }) => grantId);
    const well = troubles.filter(({ node }) => this.well.has(node)).map(({ node }) => node);
    if (ended.length + free.length + well.length > 0) return { ended, free, well };
    const because = this.whyNot(holders, troubles);
    const [first] = line;
    if (!first) {
      if (known === undefined) throw soon('nobody waits');
      return { ended, free, well };
    }
    if (because === undefined) return nextTurn(first);
    if (because === known) throw soon(because);
    return { ended, free, well, turn: { kind: 'wait', because } };
  }

  private whyNot(
    holders: PoolQuestion['holders'],
    troubles: PoolQuestion['troubles'],
  ): string | undefined {
    const [trouble] = troubles;
    if (trouble) return `halted: ${trouble.node}: ${trouble.because}`;
    const nodes = holders.map(({ node }) => node);
    return nodes.length < this.permits ? undefined : `${nodes.join(', ')} out of service`;
  }

  status(): Promise<LockStatus> {
    return this.world.lockStatus();
  }

  /** A lock of the test before answers queries too, although it has been ended. */
  private async runningStatus(): Promise<LockStatus | undefined> {
    const lock = await this.world
      .lock()
      .describe()
      .catch(() => undefined);
    return lock?.status.name === 'RUNNING' ? await this.status().catch(() => undefined) : undefined;
  }

  holders = async (): Promise<string[]> => (await this.status()).holders.map(({ node }) => node);

  /** Starts the rollouts one after the other, so that the order in which they ask is known. */
  async startInTurn(nodes: readonly string[]) {
    const rollouts = [];
    for (const node of nodes) {
      rollouts.push(await this.world.start({ node }));
      await until(
        () => this.runningStatus(),
        (status) =>
          [...(status?.holders ?? []), ...(status?.queue ?? [])].some(
            (entry) => entry.node === node,
          ),
      );
    }
    return rollouts;
  }

  /** Waits until so many nodes have been taken out. */
  async cordoned(count: number): Promise<void> {
    await until(
      async () => this.cordons,
      (cordons) => cordons.length >= count,
    );
  }

  async endAll(nodes: readonly string[]): Promise<void> {
    for (const node of nodes) await this.world.end(rolloutId(node));
  }
}

/** As the real look fails while nothing changes, only sooner again: what it is told here comes from elsewhere. */
export const soon = (message: string): ApplicationFailure =>
  ApplicationFailure.create({ message, nextRetryDelay: '100ms' });

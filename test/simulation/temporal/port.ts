import type { TemporalPort } from '../../../activities/temporal.ts';
import { lockId, rolloutId } from '../../../domain/names.ts';
import { send } from '../world/weather.ts';
import { toPayloads } from './payloads.ts';
import type { Server } from './server.ts';
import type { LockStatus } from '../../../domain/status.ts';
import type { WorkerProcess } from './workers.ts';

/** As far back as the real port looks for a lost lock. */
const FORMER_LOCK_MS = 60 * 60_000;
const ENDED_EARLY: readonly string[] = ['failed', 'cancelled'];

/** What a worker's activities ask of the simulated server. */
export function temporalPort(server: Server, worker: WorkerProcess): TemporalPort {
  const ask = <T>(obey: () => T | Promise<T>): Promise<T> =>
    send(server.weather, { service: 'temporal', host: worker }, obey);
  const isRunning = (workflowId: string, runId?: string): boolean => {
    const run = server.open(workflowId);
    return run !== undefined && (runId === undefined || run.runId === runId);
  };
  return {
    isRunning: (workflowId, runId) => ask(() => isRunning(workflowId, runId)),

    openRun: (workflowId) => ask(() => server.open(workflowId)?.runId),

    runningRollouts: () =>
      ask(() => {
        const open = server.visible('nodeRollout').filter(({ status }) => status === 'running');
        return new Set(open.map(({ run }) => run.workflowId));
      }),

    endedEarlySince: (atMs) =>
      ask(() => {
        const ended = server
          .visible('nodeRollout')
          .filter(({ run, status }) => status !== 'running' && run.closedAtMs >= atMs)
          .filter(
            ({ run, status }) =>
              ENDED_EARLY.includes(status) ||
              run.searchAttributes.get('LockkeeperPhase') === 'aborted',
          );
        return new Set(ended.map(({ run }) => run.workflowId));
      }),

    startRollout: (input) =>
      ask(() => server.start('nodeRollout', rolloutId(input.node), [input]) !== undefined),

    requestPermit: (pool, request) =>
      ask(() => {
        server.start('poolLock', lockId(pool), [{ pool }]);
        server.signal(
          { workflowId: lockId(pool) },
          { name: 'requestPermit', input: toPayloads(request) },
        );
      }),

    async holdsPermit(pool, { workflowId, grantId }) {
      if (!(await ask(() => isRunning(lockId(pool))))) return false;
      const args = [workflowId, grantId];
      return (await ask(() => server.query(lockId(pool), 'holds', args))) === true;
    },

    async holdersOf(pool) {
      const status = await ask(() => server.query(lockId(pool), 'status', []));
      return (status as LockStatus).holders.map(({ node }) => node);
    },

    lengthsOf: (pool) =>
      ask(async () => {
        if (!isRunning(lockId(pool))) return [];
        return ((await server.query(lockId(pool), 'status', [])) as LockStatus).lengths ?? [];
      }),

    formerLockEndedAt: (pool) =>
      ask(() => {
        const sinceMs = server.clock.nowMs - FORMER_LOCK_MS;
        const ended = server
          .visible('poolLock')
          .filter(({ status }) => status !== 'running' && status !== 'continued-as-new')
          .filter(({ run }) => run.workflowId === lockId(pool) && run.closedAtMs >= sinceMs);
        return ended.length === 0 ? undefined : Math.max(...ended.map(({ run }) => run.closedAtMs));
      }),

    workerNodes: () =>
      ask(
        () =>
          new Set(
            server.workers.all.flatMap(({ alive, node }) =>
              alive && node !== undefined ? [node] : [],
            ),
          ),
      ),

    recheck: (workflowIds) =>
      ask(() => {
        for (const workflowId of workflowIds) {
          server.signal({ workflowId }, { name: 'recheck', input: [] });
        }
      }),

    tellDrain: (run, progress) =>
      ask(() => {
        server.signal(run, { name: 'drainProgress', input: toPayloads(progress) });
      }),
  };
}

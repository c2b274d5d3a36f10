import type { TemporalPort } from '../../../activities/temporal.ts';
import { lockId, rolloutId } from '../../../domain/names.ts';
import { send } from '../world/weather.ts';
import { toPayloads } from './payloads.ts';
import type { Server } from './server.ts';
import type { LockStatus, RolloutStatus } from '../../../domain/status.ts';
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
  const queryLock = async <T>(
    pool: string,
    name: string,
    ...args: string[]
  ): Promise<T | undefined> => {
    if (!(await ask(() => isRunning(lockId(pool))))) return undefined;
    return ((await ask(() => server.query(lockId(pool), name, args))) as T | null) ?? undefined;
  };
  return {
    isRunning: (workflowId, runId) => ask(() => isRunning(workflowId, runId)),

    openRun: (workflowId) => ask(() => server.open(workflowId)?.runId),

    runningRollouts: () =>
      ask(() => {
        const open = server.visible('nodeRollout').filter(({ status }) => status === 'running');
        return new Set(open.map(({ run }) => run.workflowId));
      }),

    endedEarly: ({ workflowId, runId }, sinceMs) =>
      ask(() => {
        const ended = server
          .visible('nodeRollout')
          .filter(({ run }) => run.workflowId === workflowId && run.runId !== runId)
          .filter(({ status }) => status !== 'running' && status !== 'continued-as-new')
          .filter(({ run }) => run.closedAtMs >= sinceMs)
          .toSorted((a, b) => b.run.closedAtMs - a.run.closedAtMs);
        const [newest] = ended;
        if (!newest) return undefined;
        const { run, status } = newest;
        const isAborted = run.searchAttributes.get('LockkeeperPhase') === 'aborted';
        if (!ENDED_EARLY.includes(status) && !isAborted) return undefined;
        return { because: `it is ${status}`, atMs: run.closedAtMs };
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

    turnOf: (pool, workflowId) => queryLock(pool, 'turn', workflowId),

    permitOf: (pool, { workflowId, grantId }) => queryLock(pool, 'permit', workflowId, grantId),

    recordOf: (asked) =>
      ask(() => {
        const run = server.runs.find(({ runId }) => runId === asked.runId);
        if (!run || run.activations === 0) return undefined;
        return (run.query('status', []) as RolloutStatus).record ?? null;
      }),

    async countsOnPermit(workflowId, grantId) {
      if (!(await ask(() => isRunning(workflowId)))) return false;
      const status = await ask(() => server.query(workflowId, 'status', []));
      const { permit, phase } = status as RolloutStatus;
      return permit === grantId || phase.at === 'queued';
    },

    async signalLock(pool, name, what) {
      const tell = () => {
        server.signal({ workflowId: lockId(pool) }, { name, input: toPayloads(what) });
      };
      await ask(tell).catch(() => undefined);
    },

    lockStatus: (pool) => queryLock<LockStatus>(pool, 'status').catch(() => undefined),

    formerLockEndedAt: (pool, runId) =>
      ask(() => {
        const sinceMs = server.clock.nowMs - FORMER_LOCK_MS;
        const ended = server
          .visible('poolLock')
          .map(({ run }) => run)
          .filter((run) => run.workflowId === lockId(pool) && run.runId !== runId)
          .filter(({ status, isOpen }) => isOpen || status !== 'continued-as-new')
          .map((run) => (run.isOpen ? server.clock.nowMs : run.closedAtMs))
          .filter((atMs) => atMs >= sinceMs);
        return ended.length === 0 ? undefined : Math.max(...ended);
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

    signalRollout: (run, name, what) =>
      ask(() => {
        server.signal(run, { name, input: toPayloads(what) });
      }),
  };
}

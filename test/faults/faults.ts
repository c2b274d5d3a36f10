import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { startTemporal } from '../../lab/worker-node.ts';
import type { MatrixScene, Place } from './scene.ts';
import type { Held, StepName } from './steps.ts';

export const FAULTS = [
  'worker killed',
  'worker cut off from the API server',
  'worker cut off from Temporal',
  'Temporal killed and restarted',
  'agent killed',
  'API server restarted',
  'rollout terminated',
  'lock terminated',
  'rollout reset to its first task',
  'rollout reset to its last task',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** What becomes of a request that stands on the wire when the fault strikes. */
export type Moment =
  /** It has not reached the API server and never will. */
  | 'request lost'
  /** It reaches the API server after the fault. */
  | 'request late'
  /** The API server has done it, and the worker is never told. */
  | 'answer lost'
  /** The API server has done it, and the worker is told after the fault. */
  | 'answer late';

/** One rollout that stands at its step. */
export interface Standing {
  readonly step: StepName;
  readonly place: Place;
  readonly held: Held;
  /** Undefined for a step that is not on the wire. */
  readonly moment: Moment | undefined;
}

export interface Fault {
  /** Those that can happen: a worker that is dead is told nothing. */
  readonly moments: readonly Moment[];
  /** Strikes all of them, lets them go, and resolves when nothing is broken any more. */
  strike(scene: MatrixScene, standing: readonly Standing[]): Promise<void>;
}

const LOST_OR_LATE: readonly Moment[] = ['request lost', 'answer lost', 'request late'];
const LOST: readonly Moment[] = ['request lost', 'answer lost'];
const LATE: readonly Moment[] = ['request late', 'answer late'];

/** Longer than the heartbeat timeout of every activity that writes: Temporal takes the worker for lost. */
const CUT_OFF_FROM_TEMPORAL_MS = 12_000;
const CUT_OFF_FROM_API_MS = 5_000;
const DOWN_MS = 2_000;

export const FAULT: Readonly<Record<FaultName, Fault>> = {
  'worker killed': {
    moments: LOST_OR_LATE,
    async strike({ lab }, standing) {
      await lab.worker.kill();
      lose(standing);
      await lab.worker.start();
      await letGo(standing);
    },
  },
  'worker cut off from the API server': {
    moments: LOST,
    async strike({ api }, standing) {
      api.cut();
      lose(standing);
      await pause(CUT_OFF_FROM_API_MS);
      api.restore();
      await letGo(standing);
    },
  },
  'worker cut off from Temporal': {
    moments: LATE,
    async strike({ temporal }, standing) {
      temporal.cut();
      // What is under way goes on, and can tell nobody.
      await letGo(standing);
      await pause(CUT_OFF_FROM_TEMPORAL_MS);
      temporal.restore();
    },
  },
  'Temporal killed and restarted': {
    moments: LATE,
    async strike({ lab }, standing) {
      await lab.cluster.kill('temporal');
      await letGo(standing);
      await pause(DOWN_MS);
      await startTemporal(lab.cluster);
    },
  },
  'agent killed': {
    moments: LATE,
    strike: (scene, standing) => each(standing, (one) => killAgent(scene, one)),
  },
  'API server restarted': {
    moments: LOST,
    async strike({ lab }, standing) {
      await lab.cluster.kill('kube-apiserver');
      lose(standing);
      await pause(DOWN_MS);
      await lab.cluster.start('kube-apiserver');
      await letGo(standing);
      await touchNodes(lab, standing);
    },
  },
  'rollout terminated': {
    moments: LOST_OR_LATE,
    strike: (scene, standing) =>
      each(standing, ({ place }) => scene.rollout(place.node).terminate('a test')),
  },
  'lock terminated': {
    moments: LATE,
    strike: (scene, standing) =>
      each(standing, ({ place }) => scene.lock(place.pool).terminate('a test')),
  },
  'rollout reset to its first task': {
    moments: LOST_OR_LATE,
    strike: (scene, standing) =>
      each(standing, ({ place }) => reset(scene, scene.rollout(place.node), (tasks) => tasks[0])),
  },
  'rollout reset to its last task': {
    moments: LOST_OR_LATE,
    strike: (scene, standing) =>
      each(standing, ({ place }) =>
        reset(scene, scene.rollout(place.node), (tasks) => tasks.at(-1)),
      ),
  },
};

/** Strikes one after the other's hold has been lost, and lets each go when it has been struck. */
async function each(
  standing: readonly Standing[],
  strike: (one: Standing) => Promise<unknown>,
): Promise<void> {
  lose(standing);
  await Promise.all(
    standing.map(async (one) => {
      await strike(one);
      await one.held.letGo();
    }),
  );
}

function lose(standing: readonly Standing[]): void {
  for (const { held, moment } of standing) {
    if (moment === 'request lost' || moment === 'answer lost') held.lose();
  }
}

async function letGo(standing: readonly Standing[]): Promise<void> {
  await Promise.all(standing.map(({ held }) => held.letGo()));
}

/**
 * The controller manager gives up on a taint that it could not write, until the node changes again; a real kubelet sees to
 * that, KWOK does not.
 */
async function touchNodes(lab: MatrixScene['lab'], standing: readonly Standing[]): Promise<void> {
  const annotations = { 'lab.lockkeeper.io/touched': new Date().toISOString() };
  const nodes = standing.flatMap(({ place: { node, partner } }) => [node, partner ?? node]);
  for (const node of nodes)
    await lab.fleet.kube.patch(`/api/v1/nodes/${node}`, 'merge', { metadata: { annotations } });
}

/** Killed and started again, as a kubelet would; on a machine that is down, as soon as that is up again. */
async function killAgent({ lab }: MatrixScene, { step, place, held }: Standing): Promise<void> {
  const { node } = place;
  if (step === '8 return') {
    const before = lab.fleet.evidence.node(node)?.bootId;
    await held.letGo();
    await lab.fleet.evidence.until(
      node,
      'up again',
      ({ ready, bootId }) => ready && bootId !== before,
    );
  }
  const agent = lab.fleet.agent(node);
  await agent.kill();
  await agent.start();
}

/** As `temporal workflow reset`; `choose` takes one of the workflow tasks completed so far. */
async function reset(
  { client }: MatrixScene,
  rollout: WorkflowHandle,
  choose: (tasks: readonly HistoryEvent[]) => HistoryEvent | undefined,
): Promise<void> {
  const { events } = await rollout.fetchHistory();
  const task = choose((events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes));
  if (!task?.eventId) throw new Error('the rollout has decided nothing yet');
  const { runId } = await rollout.describe();
  await client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: rollout.workflowId, runId },
    workflowTaskFinishEventId: task.eventId,
    requestId: randomUUID(),
    reason: 'a test',
  });
}

type HistoryEvent = NonNullable<
  Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']
>[number];

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { Worker } from '@temporalio/worker';
import { temporalPort, workerIdentity } from '../../activities/temporal.ts';
import { rolloutId, TASK_QUEUE } from '../../domain/names.ts';
import { until } from '../ask.ts';
import { DRAINED, fails, RECORD, untilCancelled, worksUntil } from './played.ts';
import { aStage, openRealStage } from './servers.ts';
import { reached } from './standing.ts';
import { World } from './world.ts';

/** What the activities ask of Temporal, asked of a real server. */

const run = promisify(execFile);

const stage = aStage(() =>
  openRealStage(['--dynamic-config-value', 'frontend.WorkflowPauseEnabled=true']),
);

const cli = async (...words: string[]): Promise<void> => {
  const server = ['--address', stage.env.address, '--namespace', stage.env.namespace ?? 'default'];
  await run(process.env['LOCKKEEPER_TEMPORAL'] ?? '', [...words, ...server]);
};

const RUN = '00000000-0000-4000-8000-000000000000';

test('the nodes on which workers run are read from the identities under which they poll', async () => {
  const worker = await Worker.create({
    connection: stage.env.nativeConnection,
    taskQueue: TASK_QUEUE,
    workflowBundle: { codePath: process.env['LOCKKEEPER_TEST_BUNDLE'] ?? '' },
    identity: workerIdentity('pod-1', 7, 'worker-3'),
  });
  await worker.runUntil(async () => {
    const nodes = await until(
      () => temporalPort(stage.env.client).workerNodes(),
      ({ size }) => size > 0,
    );
    expect(nodes).toEqual(new Set(['worker-3']));
  });
});

test('G1: only the lock that runs vouches for a permit, and one that was ended is remembered for a while', async () => {
  const world = new World(stage.env, { cordonNode: untilCancelled });
  await world.run(async () => {
    const port = world.temporal;
    const { workflowId } = await world.start();
    const lockRun = async (): Promise<string> => (await world.lock().describe()).runId;
    const { grantId } = await until(
      async () => (await world.lockStatus().catch(() => undefined))?.permits[0] ?? { grantId: '' },
      (permit) => permit.grantId !== '',
    );
    expect(await port.turnOf('workers', workflowId)).toEqual({ kind: 'granted', grantId });
    expect(await port.turnOf('workers', 'by-hand')).toBeUndefined();
    const good = { countedAtMs: expect.any(Number), others: [] };
    expect(await port.permitOf('workers', { workflowId, grantId })).toEqual(good);
    expect(await port.permitOf('workers', { workflowId, grantId: 'workers-0' })).toBeUndefined();
    expect(await port.permitOf('workers', { workflowId: 'by-hand', grantId })).toBeUndefined();
    expect(await port.countsOnPermit(workflowId, grantId)).toBe(true);
    expect(await port.countsOnPermit('by-hand', grantId)).toBe(false);

    const former = await lockRun();
    expect(await port.formerLockEndedAt('workers', former)).toBeUndefined();
    const beforeMs = Date.now();
    await world.lock().terminate('a test');
    expect(await port.permitOf('workers', { workflowId, grantId })).toBeUndefined();
    await port.requestPermit('workers', { workflowId, runId: RUN, node: 'n1' });
    const now = await lockRun();
    const endedMs = await until(
      () => port.formerLockEndedAt('workers', now),
      (atMs) => atMs !== undefined,
    );
    expect(endedMs).toBeGreaterThanOrEqual(beforeMs - 1_000);
    expect(await port.formerLockEndedAt('masters', now)).toBeUndefined();
  });
});

test('a lock goes on after a request that names no run', async () => {
  await new World(stage.env).run(async (world) => {
    const asked = { workflowId: rolloutId('n2'), runId: 'not a run', node: 'n2' };
    await world.temporal.requestPermit('workers', asked);
    expect(await (await world.start()).result()).toMatchObject({ outcome: 'rebooted' });
    const { notUnderstood, queue } = await world.lockAtRest();
    expect(queue).toEqual([]);
    expect(notUnderstood).toEqual(['requestPermit: it names no rollout or no node']);
  });
});

test('a rollout is open under its latest run only, and one that has ended hears nothing and fails nobody', async () => {
  await new World(stage.env).run(async (world) => {
    const port = world.temporal;
    expect(await port.openRun(rolloutId('n1'))).toBeUndefined();
    expect(await world.temporal.isRunning(rolloutId('n1'))).toBe(false);
    const rollout = await world.start();
    await rollout.result();
    expect(await port.openRun(rolloutId('n1'))).toBeUndefined();
    await port.recheck([rolloutId('n1'), rolloutId('n9')]);
    const progress = { podsLeft: 1, evicted: 0, blockers: [], warnings: [] };
    const run = { workflowId: rolloutId('n1'), runId: RUN };
    await port.signalRollout(run, 'drainProgress', progress);
  });
});

test('`temporal workflow pause` in mid-drain does no harm: it goes on where it stood', async () => {
  const drain = { mayEnd: false };
  const world = new World(stage.env, {
    drainNode: async () => {
      await worksUntil(() => drain.mayEnd);
      return DRAINED;
    },
  });
  await world.run(async () => {
    const rollout = await world.start();
    await reached(rollout, 'draining');
    await cli('workflow', 'pause', '--workflow-id', rollout.workflowId, '--reason', 'a test');
    drain.mayEnd = true;
    expect(await world.temporal.isRunning(rollout.workflowId)).toBe(true);
    // What it is told meanwhile is heard afterwards, and nothing is ordered before.
    await rollout.signal('recheck');
    expect(world.calls).not.toContain('orderReboot');
    await cli('workflow', 'unpause', '--workflow-id', rollout.workflowId, '--reason', 'a test');
    expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    expect(world.times('orderReboot')).toBe(1);
  });
});

test('G1, G8: what is paused in Temporal itself keeps what it has, and is told of in words', async () => {
  const world = new World(stage.env, { cordonNode: untilCancelled });
  await world.run(async () => {
    const port = world.temporal;
    const { workflowId } = await world.start();
    const { grantId } = await until(
      async () => (await world.lockStatus().catch(() => undefined))?.permits[0] ?? { grantId: '' },
      (permit) => permit.grantId !== '',
    );
    for (const id of [workflowId, world.lock().workflowId]) {
      await cli('workflow', 'pause', '--workflow-id', id, '--reason', 'a test');
    }
    expect(await port.countsOnPermit(workflowId, grantId)).toBe(true);
    const because = 'the lock of pool workers is paused in Temporal itself';
    await expect(port.turnOf('workers', workflowId)).rejects.toThrow(because);
    await expect(port.permitOf('workers', { workflowId, grantId })).rejects.toThrow(because);
    expect(await port.recordOf({ workflowId, runId: RUN })).toBeUndefined();
    // Lists lag behind.
    await until(
      () => port.runningRollouts(),
      (ids) => ids.has(workflowId),
    );
    const { status } = await world.client.workflow.getHandle(workflowId).describe();
    expect(status.name).toBe('PAUSED');
  });
});

test('G6: a run tells what it has written on its node, also when it was ended', async () => {
  const world = new World(stage.env, { drainNode: untilCancelled });
  await world.run(async () => {
    const rollout = await world.start();
    const { workflowId, firstExecutionRunId: runId } = rollout;
    await reached(rollout, 'draining');
    expect(await world.temporal.recordOf({ workflowId, runId })).toEqual(RECORD);
    await rollout.terminate();
    expect(await world.temporal.recordOf({ workflowId, runId })).toEqual(RECORD);
    expect(await world.temporal.recordOf({ workflowId, runId: RUN })).toBeUndefined();
  });
  const undisturbed = new World(stage.env);
  await undisturbed.run(async () => {
    const rollout = await undisturbed.rolled();
    const { workflowId, firstExecutionRunId: runId } = rollout;
    expect(await undisturbed.temporal.recordOf({ workflowId, runId })).toBeNull();
  });
});

test('G8: the newest run decides whether a rollout has ended early, and a wrong input does not', async () => {
  const world = new World(stage.env, { passGates: untilCancelled });
  const ended = (workflowId: string) =>
    until(
      () => world.temporal.endedEarly({ workflowId, runId: RUN }, 0),
      (end) => end !== undefined,
    );
  await world.run(async () => {
    const aborted = await world.start();
    const { workflowId } = aborted;
    await aborted.signal('abort', { by: 'ann', reason: 'lunch' });
    await aborted.result();
    expect(await ended(workflowId)).toEqual({
      because: 'it was aborted by ann: lunch',
      atMs: expect.any(Number),
    });
    const runId = aborted.firstExecutionRunId;
    expect(await world.temporal.endedEarly({ workflowId, runId }, 0)).toBeUndefined();
    const cancelled = await world.start();
    await cancelled.cancel();
    await cancelled.result().catch(() => undefined);
    await until(
      () => world.temporal.endedEarly({ workflowId, runId: RUN }, 0),
      (end) => end?.because === 'it was cancelled',
    );
    expect(
      await world.temporal.endedEarly({ workflowId, runId: RUN }, Date.now() + 1_000),
    ).toBeUndefined();
  });
  const wrong = new World(stage.env, { planRollout: fails('bad-input', 'the input is refused') });
  await wrong.run(async () => {
    const { workflowId } = await wrong.rolled();
    await until(
      () => wrong.temporal.endedEarly({ workflowId, runId: RUN }, 0),
      (end) => end === undefined,
    );
  });
});

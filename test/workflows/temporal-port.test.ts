import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { temporalPort, workerIdentity, type TemporalPort } from '../../activities/temporal.ts';
import { lockId, rolloutId, TASK_QUEUE } from '../../domain/names.ts';
import { openRealStage, statusOf, until, World } from './stage.ts';

/** What the activities ask of Temporal, asked of a real server. */

const run = promisify(execFile);

let env: TestWorkflowEnvironment;
let port: TemporalPort;
beforeAll(async () => {
  env = await openRealStage(['--dynamic-config-value', 'frontend.WorkflowPauseEnabled=true']);
  port = temporalPort(env.client, false);
});
afterAll(async () => {
  await env.teardown();
});

const cli = async (...words: string[]): Promise<void> => {
  const server = ['--address', env.address, '--namespace', env.namespace ?? 'default'];
  await run(process.env['LOCKKEEPER_TEMPORAL'] ?? '', [...words, ...server]);
};

const RUN = '00000000-0000-4000-8000-000000000000';
const ASKED = { workflowId: rolloutId('n1'), runId: RUN, node: 'n1' };

test('the nodes on which workers run are read from the identities under which they poll', async () => {
  const worker = await Worker.create({
    connection: env.nativeConnection,
    taskQueue: TASK_QUEUE,
    workflowBundle: { codePath: process.env['LOCKKEEPER_TEST_BUNDLE'] ?? '' },
    identity: workerIdentity('pod-1', 7, 'worker-3'),
  });
  await worker.runUntil(async () => {
    const nodes = await until(
      () => temporalPort(env.client, false).workerNodes(),
      ({ size }) => size > 0,
    );
    expect(nodes).toEqual(new Set(['worker-3']));
  });
});

test('G1: only the lock that runs vouches for a permit, and one that was ended is remembered for a while', async () => {
  await new World(env, {}).run(async () => {
    expect(await port.formerLockEndedAt('workers')).toBeUndefined();
    await port.requestPermit('workers', { ...ASKED, holding: true });
    const lock = env.client.workflow.getHandle(lockId('workers'));
    interface Holders {
      holders: { grantId: string }[];
    }
    const { holders } = await until(
      () => lock.query<Holders>('status'),
      (status) => status.holders.length === 1,
    );
    const permit = { workflowId: ASKED.workflowId, grantId: holders[0]?.grantId ?? '' };
    expect(await port.holdsPermit('workers', permit)).toBe(true);
    expect(await port.holdsPermit('workers', { ...permit, grantId: 'workers-0' })).toBe(false);
    expect(await port.holdsPermit('workers', { ...permit, workflowId: 'by-hand' })).toBe(false);

    const beforeMs = Date.now();
    await lock.terminate('a test');
    expect(await port.holdsPermit('workers', permit)).toBe(false);
    const endedMs = await until(
      () => port.formerLockEndedAt('workers'),
      (atMs) => atMs !== undefined,
    );
    expect(endedMs).toBeGreaterThanOrEqual(beforeMs - 1_000);
    expect(await port.formerLockEndedAt('masters')).toBeUndefined();
  });
});

test('a lock goes on after requests that name no run', async () => {
  await new World(env, {}).run(async (world) => {
    const lock = env.client.workflow.getHandle(lockId('workers'));
    await port.requestPermit('workers', { ...ASKED, runId: 'not a run' });
    for (const garbage of [undefined, null, 7, 'x', [], {}, { ...ASKED, node: '' }]) {
      await lock.signal('requestPermit', garbage);
      await lock.signal('release', garbage);
      await lock.signal('trouble', garbage);
      await lock.signal('pause', garbage);
      await lock.signal('resume', garbage);
    }
    const { notUnderstood, queue } = await lock.query<{ notUnderstood: string[]; queue: [] }>(
      'status',
    );
    expect(queue).toEqual([]);
    expect(notUnderstood).toContain('requestPermit: it names no rollout and no node');
    expect(await (await world.start()).result()).toMatchObject({ outcome: 'rebooted' });
  });
});

test('a rollout is open under its latest run only, and one that has ended hears nothing and fails nobody', async () => {
  expect(await port.openRun(rolloutId('n1'))).toBeUndefined();
  expect(await port.isRunning(rolloutId('n1'))).toBe(false);
  await new World(env, {}).run(async (world) => {
    const rollout = await world.start();
    await rollout.result();
    expect(await port.openRun(rolloutId('n1'))).toBeUndefined();
    await port.recheck([rolloutId('n1'), rolloutId('n9')]);
    const progress = { podsLeft: 1, evicted: 0, blockers: [], warnings: [] };
    await port.signalDrain({ workflowId: rolloutId('n1'), runId: RUN }, progress);
  });
});

test('`temporal workflow pause` in mid-drain does no harm: it goes on where it stood', async () => {
  const drain = { mayEnd: false };
  const world = new World(env, {
    drainNode: async () => {
      while (!drain.mayEnd) {
        heartbeat();
        cancellationSignal().throwIfAborted();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return { evicted: 1, deleted: [], warnings: [], daemonSetsReady: [] };
    },
  });
  await world.run(async () => {
    const rollout = await world.start();
    await until(
      () => statusOf(rollout),
      ({ phase }) => phase.at === 'draining',
    );
    await cli('workflow', 'pause', '--workflow-id', rollout.workflowId, '--reason', 'a test');
    drain.mayEnd = true;
    expect(await port.isRunning(rollout.workflowId)).toBe(true);
    // What it is told meanwhile is heard afterwards, and nothing is ordered before.
    await rollout.signal('recheck');
    expect(world.calls).not.toContain('orderReboot');
    await cli('workflow', 'unpause', '--workflow-id', rollout.workflowId, '--reason', 'a test');
    expect(await rollout.result()).toMatchObject({ outcome: 'rebooted' });
    expect(world.calls.filter((name) => name === 'orderReboot')).toHaveLength(1);
  });
});

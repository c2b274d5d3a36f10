import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runNow } from '../../cli/run.fixture.ts';
import { FLEET_SCAN, lockId, TASK_QUEUE } from '../../domain/names.ts';
import { until } from '../ask.ts';
import { untilCancelled } from './played.ts';
import { aStage, openRealStage } from './servers.ts';
import { reached, statusOf } from './standing.ts';
import { World } from './world.ts';

/** `lockkeeper pause`, `resume`, `abort`, `retry` and `skip` against a real server. */

const stage = aStage(openRealStage);
const saved = { ...process.env };
beforeAll(() => {
  process.env['TEMPORAL_ADDRESS'] = stage.env.address;
  process.env['TEMPORAL_NAMESPACE'] = stage.env.namespace ?? 'default';
});
afterAll(() => {
  process.env = saved;
});

const ANN = ['--by', 'ann', '--reason', 'release night'];
const waiting = () => new World(stage.env, { passGates: untilCancelled });

/** Lets the list of workflows know what runs, which it learns a moment later. */
const listed = (count: number) =>
  until(
    async () => {
      const found: string[] = [];
      const query = 'WorkflowType = "nodeRollout" AND ExecutionStatus = "Running"';
      for await (const { workflowId } of stage.env.client.workflow.list({ query }))
        found.push(workflowId);
      return found;
    },
    (found) => found.length === count,
  );

describe('what is said to one rollout', () => {
  test('is done, and told; the same words come with --json', async () => {
    const world = waiting();
    await world.run(async () => {
      const rollout = await world.start();
      await world.asked('passGates');
      expect(await runNow('pause', 'n1', '--for', '2h', ...ANN)).toMatchObject({
        exit: 0,
        out: expect.stringMatching(
          /n1.*: paused by ann until .*: release night; nothing is begun until it is resumed\n$/,
        ),
        err: '',
      });
      const { exit, out } = await runNow('resume', 'n1', '--json');
      expect([exit, JSON.parse(out)]).toEqual([
        0,
        [{ target: 'n1', effect: 'done', says: 'resumed: n1 waits for its gates' }],
      ]);
      expect(await runNow('resume', 'n1')).toMatchObject({
        exit: 1,
        err: 'n1: it was not paused: n1 waits for its gates\n',
      });
      expect(await runNow('skip', 'n1', 'alerts', ...ANN)).toMatchObject({ exit: 0 });
      expect((await statusOf(rollout)).skipped).toMatchObject([
        { gate: 'alerts', by: 'ann', reason: 'release night' },
      ]);
      expect(await runNow('retry', 'n1')).toMatchObject({ exit: 0 });
      const aborted = await runNow('abort', 'n1', ...ANN);

      expect(aborted).toMatchObject({
        exit: 0,
        out: expect.stringContaining('aborted by ann: release night; n1 is left as it is'),
      });
      expect(await rollout.result()).toMatchObject({ outcome: 'aborted' });
    });
  });

  test('that does not run fails, and says so', async () => {
    expect(await runNow('abort', 'n7')).toEqual({
      exit: 1,
      out: '',
      err: 'n7: no rollout of n7 is running\n',
    });
  });

  test('while no worker answers is left as a signal', async () => {
    const world = waiting();
    const rollout = await world.start();
    const { exit, out } = await runNow('pause', 'n1', ...ANN);
    expect([exit, out]).toEqual([
      0,
      expect.stringContaining('no worker answers; it is left as a signal'),
    ]);
    await world.run(async () => {
      expect((await reached(rollout, 'paused')).paused).toMatchObject({ by: 'ann' });
    });
  });

  test('is only printed with --show-commands', async () => {
    const { out } = await runNow(
      'pause',
      'n1',
      '--by',
      'ann',
      '--reason',
      "it's late",
      '--show-commands',
    );
    expect(out).toBe(
      `temporal workflow update execute --workflow-id node-rollout/n1 --name pause --input '{"reason":"it'\\''s late","by":"ann"}'\n`,
    );
  });
});

/** Tells which pools there are. */
const scan = async () => ({
  nodes: 0,
  started: [],
  unmanaged: [],
  policy: 'h',
  pools: ['workers', 'gpu'],
  atMs: Date.now(),
});

async function scanned(): Promise<void> {
  await new World(stage.env, { scanFleet: scan }).run(async (world) => {
    await world.client.workflow.execute('fleetScan', {
      workflowId: FLEET_SCAN,
      taskQueue: TASK_QUEUE,
      args: [],
    });
  });
}

describe('what is said to many', () => {
  test('a pool that has no lock yet is paused before anybody asks it; one that is not there is refused', async () => {
    await scanned();
    const world = waiting();
    await world.run(async () => {
      const known = await until(
        () => runNow('pause', 'pool/gpu', ...ANN),
        ({ exit }) => exit !== 2,
      );
      expect(known).toMatchObject({
        exit: 0,
        out: expect.stringContaining('paused by ann: release night; nobody is admitted'),
      });
      expect((await world.lockStatus('gpu')).paused).toMatchObject({ by: 'ann' });
      expect(await runNow('pause', 'pool/gpus')).toMatchObject({
        exit: 2,
        err: 'TARGET: there is no pool named gpus; there are gpu, workers\n',
      });
      const shown = await runNow('pause', 'pool/gpu', '--by', 'ann', '--show-commands');
      expect(shown.out).toContain('temporal workflow execute-update-with-start --type poolLock');
    });
    await stage.env.client.workflow.getHandle(lockId('gpu')).terminate();
  });

  test('all: every lock admits nobody, every rollout stops, and all goes on again', async () => {
    await scanned();
    const world = waiting();
    await world.run(async () => {
      const rollouts = [await world.start(), await world.start({ node: 'n2' })];
      await listed(2);
      const { exit, out } = await runNow('pause', 'all', '--json', ...ANN);
      expect(exit).toBe(0);
      expect(
        (JSON.parse(out) as { target: string; effect: string }[])
          .map(({ target, effect }) => `${target} ${effect}`)
          .toSorted(),
      ).toEqual(['n1 done', 'n2 done', 'pool/gpu done', 'pool/workers done']);
      for (const rollout of rollouts) expect((await statusOf(rollout)).phase.at).toBe('paused');
      expect(await runNow('resume', 'all')).toMatchObject({ exit: 0, err: '' });
      expect((await world.lockStatus()).paused).toBeUndefined();
      expect(await runNow('abort', 'all', ...ANN)).toMatchObject({ exit: 0, err: '' });
      for (const rollout of rollouts)
        expect(await rollout.result()).toMatchObject({ outcome: 'aborted' });
      await listed(0);
      expect(await runNow('abort', 'all')).toMatchObject({
        exit: 0,
        out: 'no rollout is running: it is said to nobody\n',
      });
    });
    await stage.env.client.workflow.getHandle(lockId('gpu')).terminate();
  });
});

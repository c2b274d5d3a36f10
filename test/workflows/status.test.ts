import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Seen } from '../../cli/status/seen.ts';
import { runNow } from '../../cli/run.fixture.ts';
import { FLEET_SCAN, TASK_QUEUE } from '../../domain/names.ts';
import { ensureFleetScan } from '../../worker/schedule.ts';
import { until } from '../ask.ts';
import { untilCancelled } from './played.ts';
import { reached } from './standing.ts';
import { openRealStage } from './servers.ts';
import { World } from './world.ts';

/** `lockkeeper status` against a real server. */

let env: TestWorkflowEnvironment;
const saved = { ...process.env };
beforeAll(async () => {
  env = await openRealStage(['--dynamic-config-value', 'frontend.WorkflowPauseEnabled=true']);
  process.env['TEMPORAL_ADDRESS'] = env.address;
  process.env['TEMPORAL_NAMESPACE'] = env.namespace ?? 'default';
});
afterAll(async () => {
  process.env = saved;
  await env.teardown();
});

const execute = promisify(execFile);

async function cli(...words: string[]): Promise<void> {
  const server = ['--address', env.address, '--namespace', env.namespace ?? 'default'];
  await execute(process.env['LOCKKEEPER_TEMPORAL'] ?? '', [...words, ...server]);
}

const run = (...argv: string[]) => runNow('status', ...argv);

const look = async (): Promise<Seen> => JSON.parse((await run('--json')).out) as Seen;

const closed = [{ gate: 'window', because: 'its window opens tomorrow' }] as const;

describe('lockkeeper status', () => {
  test('shows an empty server as it is', async () => {
    expect(await run()).toEqual({
      exit: 0,
      out: 'policy: not known, for no scan has ended lately\nscans: there is no schedule fleet-scan; a worker makes it when it starts\n\nno rollout is running\n\na node that wants a reboot and has no rollout is not shown, for no scan has ended lately\n',
      err: '',
    });
  });

  test('G9: shows what waits and why, who has a permit, the schedule, and what each worker has against the policy', async () => {
    const scannedMs = Date.now();
    const scans = ['w1', 'w2'].map((worker, index) => ({
      nodes: 0,
      started: [],
      unmanaged: [{ node: 'n7', because: 'its labels match the selector of no pool' }],
      policy: 'hash-1',
      atMs: scannedMs + index,
      worker,
      ...(worker === 'w2' && { refused: ['policy.yaml:3 pools: write a list'], noPolicy: true }),
    }));
    const world = new World(env, {
      passGates: async ({ node, known }) => {
        if (node === 'n1') return { kind: 'open' };
        if (known.length === 0) return { kind: 'closed', closed, pollAgainMs: 60_000 };
        throw new Error('window: its window opens tomorrow');
      },
      cordonNode: untilCancelled,
      // The last one for ever: the schedule scans by itself as soon as it is made.
      scanFleet: async () => (scans.length > 1 ? scans.shift() : scans[0]) as never,
    });
    await world.run(async () => {
      await ensureFleetScan(env.client, { everyMs: 86_400_000, anew: true });
      await env.client.schedule.getHandle(FLEET_SCAN).pause('a look by hand');
      for (const _ of [1, 2]) {
        const options = { workflowId: FLEET_SCAN, taskQueue: TASK_QUEUE };
        await env.client.workflow.execute('fleetScan', options);
      }
      for (const node of ['n1', 'n2']) {
        await env.client.workflow.start('nodeRollout', {
          workflowId: `node-rollout/${node}`,
          taskQueue: TASK_QUEUE,
          args: [{ node }],
        });
      }
      const seen = await until(look, ({ rollouts, policies, pools }) => {
        const phases = rollouts.map(({ status }) => status?.phase.at);
        return phases.includes('cordoning') && pools.length === 1 && policies.length === 2;
      });
      expect(seen).toMatchObject({
        schedule: { paused: true, note: 'a look by hand', everyMs: 86_400_000 },
        policies: [
          { worker: 'w2', refused: ['policy.yaml:3 pools: write a list'] },
          { worker: 'w1', hash: 'hash-1', refused: [] },
        ],
        pools: [{ pool: 'workers', permits: [{ node: 'n1' }], queue: [] }],
        scannedMs: scannedMs + 1,
        leftAlone: [{ node: 'n7' }],
        rollouts: [{ node: 'n1' }, { node: 'n2', because: 'window: its window opens tomorrow' }],
      });
      expect(seen.policies[0]).not.toHaveProperty('hash');
      expect((await run()).out).toMatch(
        /^n2 +workers +waiting +for \d+s +window: its window opens tomorrow \(looked at\s+\d+s ago, again in \d+s\)/m,
      );
      for (const id of ['node-rollout/n1', 'node-rollout/n2', 'pool-lock/workers']) {
        await world.end(id);
      }
    });
  });

  test('G8: shows what is paused in Temporal itself as that, and who has paused it', async () => {
    const world = new World(env, {
      passGates: async ({ node, known }) => {
        if (node === 'n3') return { kind: 'open' };
        if (known.length === 0) return { kind: 'closed', closed, pollAgainMs: 60_000 };
        throw new Error('window: its window opens tomorrow');
      },
      admitNext: untilCancelled,
    });
    await world.run(async () => {
      const [n1, n2, n3] = [
        await world.start({ node: 'n1' }),
        await world.start({ node: 'n2' }),
        await world.start({ node: 'n3' }),
      ];
      await reached(n1, 'waiting');
      await reached(n3, 'queued');
      const looked = await until(look, ({ rollouts }) => {
        const waits = rollouts.filter(({ because }) => because.startsWith('window: '));
        return waits.length === 2 && waits.every(({ lookedAtMs }) => lookedAtMs !== undefined);
      });
      expect(looked.rollouts).toHaveLength(3);
      const why = ['--reason', 'a look', '--identity', 'kim'];
      await cli('workflow', 'pause', '--workflow-id', n1.workflowId, ...why);
      await cli('workflow', 'pause', '--workflow-id', world.lock().workflowId, ...why);
      const { raw } = await n2.describe();
      const activityId = raw.pendingActivities?.[0]?.activityId ?? '';
      const which = ['--workflow-id', n2.workflowId, '--activity-id', activityId];
      await cli('activity', 'pause', ...which, ...why);
      const seen = await until(look, ({ rollouts, pools }) =>
        [...rollouts, ...pools].every(
          (one) => ('node' in one && one.node === 'n3') || one.pausedByServer !== undefined,
        ),
      );
      const paused = { by: 'kim', reason: 'a look', sinceMs: expect.any(Number) };
      expect(seen.rollouts[0]).toMatchObject({ node: 'n1', pausedByServer: [paused] });
      expect(seen.rollouts[0]).not.toHaveProperty('status');
      expect(seen.rollouts[1]).toMatchObject({
        node: 'n2',
        status: { phase: { at: 'waiting' } },
        pausedByServer: [{ ...paused, activity: 'passGates' }],
      });
      const { out } = await run();
      expect(out).toMatch(/^pool workers: paused in Temporal by kim: a look$/m);
      expect(out).toMatch(/^n1 +PAUSED +for \d+s +paused in Temporal by kim: a look$/m);
      expect(out).toMatch(
        /^n2 +workers +waiting +for \d+s +passGates is paused in Temporal by kim: a look;\s+window: its window opens tomorrow/m,
      );
      for (const { workflowId } of [n1, n2, n3, world.lock()]) await world.end(workflowId);
    });
  });

  test('says of a namespace that is not there what it is called', async () => {
    const namespace = process.env['TEMPORAL_NAMESPACE'];
    process.env['TEMPORAL_NAMESPACE'] = 'nope';
    const { exit, err } = await run();
    process.env['TEMPORAL_NAMESPACE'] = namespace;
    expect({ exit, err }).toEqual({
      exit: 1,
      err: "Temporal does not say how things are: Namespace not found: 'nope'\n",
    });
  });

  test('says of a Temporal that is not there where it was looked for', async () => {
    process.env['TEMPORAL_ADDRESS'] = '127.0.0.1:1';
    const { exit, out, err } = await run();
    expect({ exit, out }).toEqual({ exit: 1, out: '' });
    expect(err).toMatch(
      /^Temporal at 127\.0\.0\.1:1 cannot be reached: nothing listens there: .*\n$/,
    );
  });
});

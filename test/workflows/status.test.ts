import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Seen } from '../../cli/status/seen.ts';
import { runNow } from '../../cli/run.fixture.ts';
import { FLEET_SCAN, TASK_QUEUE } from '../../domain/names.ts';
import { ensureFleetScan } from '../../worker/schedule.ts';
import { until } from '../ask.ts';
import { untilCancelled } from './played.ts';
import { openRealStage } from './servers.ts';
import { World } from './world.ts';

/** `lockkeeper status` against a real server. */

let env: TestWorkflowEnvironment;
const saved = { ...process.env };
beforeAll(async () => {
  env = await openRealStage();
  process.env['TEMPORAL_ADDRESS'] = env.address;
  process.env['TEMPORAL_NAMESPACE'] = env.namespace ?? 'default';
});
afterAll(async () => {
  process.env = saved;
  await env.teardown();
});

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

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { printed } from '../../cli/paint.ts';
import { runNow } from '../../cli/run.fixture.ts';
import type { NodeForecast } from '../../domain/forecast/known.ts';
import { until } from '../ask.ts';
import { RolloutScene } from './rollout-scene.ts';

/** `lockkeeper plan` beside what then happens. */

/** Twelve is what was measured; a few show the same order in half the time. */
const COUNT = Number(process.env['LOCKKEEPER_PLAN_NODES'] ?? 6);
const NODES = Array.from({ length: COUNT }, (_, index) => `worker-${index + 1}`);
const POOL = 'foretold';

let scene: RolloutScene;
const saved = { ...process.env };
beforeAll(async () => {
  // So long that what lies between two rollouts weighs as little as it does where machines really boot.
  const reboot = { delay: '10s', orderExpires: '30s', stableFor: '1s', perDay: 100 };
  scene = await RolloutScene.open({ nodes: NODES.length, pools: { [POOL]: { reboot } } });
  await scene.moveTo(POOL, ...NODES);
  const { temporalAddress, kubeconfigPath } = scene.lab.cluster;
  Object.assign(process.env, { TEMPORAL_ADDRESS: temporalAddress, KUBECONFIG: kubeconfigPath });
}, 1_800_000);
afterAll(async () => {
  process.env = saved;
  await scene.close();
});

interface Printed {
  readonly pools: readonly {
    readonly pool: string;
    readonly length: { readonly ms: number; readonly by: string };
    readonly nodes: readonly (NodeForecast & { readonly inTime: boolean })[];
  }[];
}

async function plan(...argv: readonly string[]): Promise<Printed['pools'][number]> {
  const { exit, out, err } = await runNow('plan', POOL, '--json', ...argv);
  expect({ exit, err }).toEqual({ exit: 0, err: '' });
  const [pool] = (JSON.parse(out) as Printed).pools;
  if (!pool) throw new Error(`pool ${POOL} is not told of: ${out}`);
  return pool;
}

async function startAll(nodes: readonly string[]): Promise<WorkflowHandle[]> {
  const rollouts: WorkflowHandle[] = [];
  for (const node of nodes) {
    await scene.askForReboot(node);
    rollouts.push(await scene.startByHand(node));
  }
  return rollouts;
}

async function endOf(rollouts: readonly WorkflowHandle[]): Promise<void> {
  for (const rollout of rollouts) {
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  }
}

/** When a node was cordoned and when it was back, from what the API server has shown since. */
function happened(node: string, sinceMs: number) {
  const seen = scene.lab.fleet.evidence.timeline.filter(
    (one) => one.node === node && one.atMs >= sinceMs,
  );
  const beginsMs = seen.find(({ unschedulable }) => unschedulable)?.atMs ?? Number.NaN;
  const endsMs = seen.findLast(({ unschedulable, ready }) => !unschedulable && ready)?.atMs;
  return { node, beginsMs, endsMs: endsMs ?? Number.NaN };
}

type Happened = ReturnType<typeof happened>;
const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, one) => sum + one, 0) / values.length;

/** How wrong begins and ends were, in seconds and in lengths of a rollout, beside how long things took. */
function sayErrors(
  what: string,
  { length, nodes }: Printed['pools'][number],
  actual: readonly Happened[],
): void {
  const tookMs = meanOf(actual.map(({ beginsMs, endsMs }) => endsMs - beginsMs));
  const gapsMs = actual.slice(1).map(({ beginsMs }, at) => beginsMs - (actual[at]?.endsMs ?? 0));
  const errors = nodes.flatMap((row) => {
    const real = actual.find(({ node }) => node === row.node);
    if (!real || row.kind === 'not-foretold') return [];
    const begins = row.beginsMs === undefined ? [] : [row.beginsMs - real.beginsMs];
    return [...begins, row.endsMs - real.endsMs].map(Math.abs);
  });
  const inBoth = (ms: number): string => `${seconds(ms)} s = ${(ms / tookMs).toFixed(2)} rollouts`;
  process.stdout.write(
    `${what}: begins and ends of ${nodes.length} wrong by ${inBoth(meanOf(errors))} in the mean, ${inBoth(Math.max(...errors))} at most; ` +
      `foretold ${seconds(length.ms)} s each, took ${seconds(tookMs)} s with ${seconds(meanOf(gapsMs))} s between\n`,
  );
}

const namesOf = (rows: readonly { readonly node: string }[]): string[] =>
  rows.map(({ node }) => node);

describe('nodes', () => {
  test('are rebooted in the order foretold, before and in the middle of it', async () => {
    // From then on the pool knows how long its rollouts take.
    await endOf(await startAll(NODES.slice(0, 5)));
    const lock = scene.lockOf(POOL);
    await lock.signal('pause', { reason: 'until all are in the queue', by: 'a test' });
    const rollouts = await startAll(NODES.toReversed());
    await until(
      () => scene.lockStatus(POOL),
      ({ queue }) => queue.length === NODES.length,
    );
    const sinceMs = Date.now();
    // It is foretold within the pause, also on a machine that has much to do.
    await lock.signal('pause', { reason: 'until it is foretold', by: 'a test', for: '45s' });
    await until(
      () => scene.lockStatus(POOL),
      ({ paused }) => paused?.untilMs !== undefined,
    );
    const file = ['--policy', scene.lab.policyPath];
    const before = await plan(...file);
    expect(before.length.by).toBe('the median of the last 5');
    expect(before.nodes.filter(({ inTime }) => !inTime)).toEqual([]);
    expect(before.nodes).toHaveLength(NODES.length);

    await endOf(rollouts.slice(0, NODES.length / 3));
    const between = await plan(...file);
    await endOf(rollouts);

    const actual = NODES.map((node) => happened(node, sinceMs)).toSorted(
      (one, other) => one.beginsMs - other.beginsMs,
    );
    expect(namesOf(before.nodes)).toEqual(namesOf(actual));
    expect(namesOf(between.nodes)).toEqual(namesOf(actual).slice(-between.nodes.length));
    sayErrors('before', before, actual);
    sayErrors('in the middle', between, actual);
  }, 900_000);

  test('are foretold by the policy in the cluster too', async () => {
    const path = '/api/v1/namespaces/lockkeeper/configmaps/lockkeeper-policy';
    const text = await readFile(scene.lab.policyPath, 'utf8');
    await scene.lab.fleet.kube.patch(path, 'merge', { data: { 'policy.yaml': text } });
    const [node = ''] = NODES;
    expect((await plan()).nodes).toEqual([]);
    await scene.patchNode(node, {
      metadata: { annotations: { 'lockkeeper.io/hold': 'a look at it' } },
    });
    await scene.askForReboot(node);
    const { exit, out } = await runNow('plan', POOL);
    const shown = printed(out, false);
    expect(exit).toBe(3);
    expect(shown).toMatch(new RegExp(`^pool ${POOL}: 0 of 1 rebooted, 1 not; `));
    expect(shown).toMatch(new RegExp(`^- +${node} +- +- +hold: held: a look at it$`, 'm'));
    await scene.lab.fleet.machine(node).withdrawRequest();
  }, 300_000);
});

test('without Temporal it says so', async () => {
  process.env['TEMPORAL_ADDRESS'] = '127.0.0.1:1';
  const { exit, out, err } = await runNow('plan', '--policy', scene.lab.policyPath);
  expect({ exit, out }).toEqual({ exit: 1, out: '' });
  expect(err).toMatch(/^Temporal at 127\.0\.0\.1:1 cannot be reached: /);
});

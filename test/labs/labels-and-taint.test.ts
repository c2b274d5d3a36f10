import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { ANNOTATION } from '../../domain/node-contract.ts';
import type { NodeObject } from '../../domain/node-facts.ts';
import { failureOf } from './failure-of.ts';
import { until } from '../ask.ts';
import { RolloutScene } from './rollout-scene.ts';

/** The labels and the taint of a pool's policy, on real Nodes: what is written when, and what is left. */

const KEY = 'example.org/waits';
const OURS = { key: KEY, effect: 'PreferNoSchedule' };
const GPU = { key: 'gpu', value: 'yes', effect: 'NoSchedule' };
const LABELS = {
  before: { state: 'rebooting', team: 'ops' },
  after: { state: 'serving', team: 'web' },
};

let scene: RolloutScene;
beforeAll(async () => {
  scene = await RolloutScene.open({
    nodes: 3,
    pools: {
      marked: { labels: LABELS, taint: KEY, drain: { timeout: '5s' } },
      back: { labels: LABELS, taint: KEY },
    },
  });
}, 1_800_000);
afterEach(async () => {
  await scene.allowEvictions();
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  await scene.close();
});

const read = (node: string): Promise<NodeObject> =>
  scene.lab.fleet.kube.get<NodeObject>(`/api/v1/nodes/${node}`);

const labelsOf = async (node: string): Promise<object> => {
  const { state, team } = (await read(node)).metadata?.labels ?? {};
  return { state, team };
};

/** Without those of the node controller, which mirror its conditions and its cordon. */
const taintsOf = async (node: string): Promise<object[]> =>
  ((await read(node)).spec?.taints ?? []).filter(
    ({ key }) => !key.startsWith('node.kubernetes.io/'),
  );

test('G6: a drain that is given up leaves the labels as they were found; who waits behind it bears the taint until it no longer waits', async () => {
  const [first, second] = ['worker-1', 'worker-2'] as const;
  await scene.moveTo('marked', first, second);
  await scene.patchNode(first, { metadata: { labels: { state: 'as-it-was' } } });
  await scene.patchNode(second, { spec: { taints: [GPU] } });
  await scene.forbidEvictions(first);
  for (const node of [first, second]) await scene.askForReboot(node);
  const draining = await scene.startByHand(first);
  await until(
    () => labelsOf(first),
    (labels) => JSON.stringify(labels) === JSON.stringify(LABELS.before),
  );
  const waiting = await scene.startByHand(second);
  await until(
    () => taintsOf(second),
    ({ length }) => length === 2,
  );
  expect(await taintsOf(second)).toEqual([GPU, OURS]);
  expect((await read(second)).metadata?.annotations?.[ANNOTATION.taint]).toBe(KEY);

  expect(await failureOf(draining)).toMatchObject({ type: 'drain-timed-out' });
  expect(await labelsOf(first)).toEqual({ state: 'as-it-was', team: undefined });

  // The failure has halted the pool, so it still waits.
  expect(await taintsOf(second)).toEqual([GPU, OURS]);
  await waiting.signal('abort', { by: 'a test' });
  expect(await scene.result(waiting)).toMatchObject({ outcome: 'aborted' });
  expect(await taintsOf(second)).toEqual([GPU]);
  expect((await read(second)).metadata?.annotations).not.toHaveProperty([ANNOTATION.taint]);
  expect(await labelsOf(second)).toEqual({ state: undefined, team: undefined });
}, 300_000);

test('a node that was cordoned before returns cordoned, and with the labels of the time after', async () => {
  const node = 'worker-3';
  await scene.moveTo('back', node);
  await scene.patchNode(node, { spec: { unschedulable: true } });
  await scene.askForReboot(node);
  const rollout = await scene.startByHand(node);
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  expect(await labelsOf(node)).toEqual(LABELS.after);
  expect((await read(node)).spec?.unschedulable).toBe(true);
  expect(await taintsOf(node)).toEqual([]);
}, 300_000);

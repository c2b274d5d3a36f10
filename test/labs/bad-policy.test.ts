import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { freePorts } from '../../lab/cluster/ports.ts';
import { until } from '../ask.ts';
import { RolloutScene } from './rollout-scene.ts';
import { WorkerScene } from './worker-scene.ts';

/** Workers that are started anew while the policy file is bad. */

let scene: RolloutScene;
let workers: WorkerScene;
let path: string;
beforeAll(async () => {
  scene = await RolloutScene.open({ nodes: 3 });
  workers = new WorkerScene(scene);
  await scene.lab.worker.stop();
  path = join(scene.lab.cluster.dir, 'bad-policy.yaml');
}, 1_800_000);
afterEach(async () => {
  await scene.allowEvictions();
  await workers.stop();
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  await scene.close();
});

const POD = { POD_NAME: 'worker-pod', POD_NAMESPACE: 'lockkeeper', POD_UID: 'uid' };

/** A worker that begins with a bad file, and what it answers at /readyz. */
async function startWithBadFile() {
  writeFileSync(path, 'pools: none\n');
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const env = { LOCKKEEPER_POLICY: path, LOCKKEEPER_HEALTH_ADDRESS: address, ...POD };
  const worker = await workers.add(env);
  const ready = async () => {
    const answer = await fetch(`http://${address}/readyz`);
    return { status: answer.status, text: await answer.text() };
  };
  return { worker, ready };
}

test('G9: such a worker says so, waits with what is under way, and goes on with the first good file', async () => {
  const node = 'worker-1';
  const before = await workers.add();
  await scene.forbidEvictions(node);
  await scene.askForReboot(node);
  const rollout = await scene.startByHand(node);
  await workers.draining(rollout);
  await before.kill();

  const { worker, ready } = await startWithBadFile();
  const { because } = await worker.says('policy refused; none is in force');
  expect(because).toMatch(/bad-policy\.yaml:1 pools: write a list of pools/);
  expect(await ready()).toEqual({
    status: 503,
    text: expect.stringMatching(/^no policy is in force: .* write a list of pools/),
  });
  await until(
    async () => (await rollout.describe()).raw.pendingActivities?.[0]?.lastFailure?.message,
    (message) => message?.startsWith('no policy is in force: ') === true,
  );
  interface Events {
    items: { reason: string; involvedObject: { name: string }; message: string }[];
  }
  const events = `/api/v1/namespaces/${POD.POD_NAMESPACE}/events`;
  await until(
    () => scene.lab.fleet.kube.get<Events>(events),
    ({ items }) =>
      items.some(
        ({ reason, involvedObject }) =>
          reason === 'PolicyRefused' && involvedObject.name === POD.POD_NAME,
      ),
  );

  writeFileSync(path, readFileSync(scene.lab.policyPath));
  await scene.allowEvictions();
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  await until(ready, ({ status }) => status === 200);
});

test('G6: it brings back a node that has been rebooted meanwhile', async () => {
  const node = 'worker-2';
  const before = await workers.add();
  await scene.askForReboot(node);
  const rollout = await scene.startByHand(node);
  await scene.lab.fleet.evidence.until(node, 'ordered', ({ order }) => order !== undefined);
  await before.kill();

  await startWithBadFile();
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  await scene.lab.fleet.evidence.until(
    node,
    'in service',
    ({ unschedulable, rollout: record }) => !unschedulable && record === undefined,
  );
});

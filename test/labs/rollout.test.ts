import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { AuditRecord } from '../../lab/cluster/contract.ts';
import { readAudit } from '../../lab/cluster/audit.ts';
import { failureOf } from './failure-of.ts';
import { until } from '../ask.ts';
import { closedGatesOf, RolloutScene } from './rollout-scene.ts';

let scene: RolloutScene;
beforeAll(async () => {
  scene = await RolloutScene.open({ nodes: 4, pools: { usual: { gates: {} } } });
}, 1_800_000);
// A test in which a guarantee was broken fails, whatever it looked at itself.
afterEach(async () => {
  await scene.allowEvictions();
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  await scene.close();
});

const isEviction = ({ verb, subresource }: AuditRecord): boolean =>
  verb === 'create' && subresource === 'eviction';

describe('an undisturbed rollout', () => {
  const node = 'worker-1';
  let rollout: WorkflowHandle;
  let requests: AuditRecord[];

  beforeAll(() => scene.moveTo('usual', node));
  afterAll(() => scene.moveTo('workers', node));

  test('G3: goes from the sentinel to a node that is back in another boot and in service', async () => {
    await scene.askForReboot(node);
    const startedAtMs = Date.now();
    rollout = await scene.startByHand(node);
    const [first] = scene.lab.fleet.bootIds(node);
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted', bootIdBefore: first });
    const facts = await scene.lab.fleet.evidence.until(
      node,
      'in service again',
      ({ unschedulable, ready, rollout: record }) =>
        ready && !unschedulable && record === undefined,
    );
    expect(scene.lab.fleet.bootIds(node)).toEqual([first, facts.bootId]);
    const all = await readAudit(scene.lab.cluster.auditPath);
    // Not by their number: that of the agent that has just reported may not be written yet.
    requests = all.filter(({ at }) => at >= startedAtMs);
  });

  test('leaves nothing of ours on the node but the report of its agent and the time of the reboot', async () => {
    interface Written {
      metadata: { annotations?: Record<string, string> };
      status: { conditions: { type: string }[] };
    }
    const written = await scene.lab.fleet.kube.get<Written>(`/api/v1/nodes/${node}`);
    const ours = Object.keys(written.metadata.annotations ?? {}).filter((key) =>
      key.startsWith('lockkeeper.io/'),
    );
    expect(ours).toEqual(['lockkeeper.io/attempts']);
    const types = written.status.conditions.map(({ type }) => type);
    expect(types).toContain('RebootRequired');
    expect(types).not.toContain('MaintenanceInProgress');
    expect(types).not.toContain('Drained');
  });

  test('takes at most 60 events of history', async () => {
    const { events } = await rollout.fetchHistory();
    expect(events?.length).toBeGreaterThan(20);
    expect(events?.length).toBeLessThanOrEqual(60);
    await scene.record('rebooted', rollout.workflowId);
  });

  test('G10: asks the API server for nothing that no role gives', () => {
    const ours = requests.filter(({ user }) =>
      user.startsWith('system:serviceaccount:lockkeeper:'),
    );
    expect(ours.length).toBeGreaterThan(5);
    expect(ours.filter(({ allowed }) => !allowed)).toEqual([]);
  });

  test('takes at most 30 Kubernetes requests of the worker and its agent beyond the evictions', () => {
    const ours = requests.filter(
      ({ user, name, resource }) =>
        user === 'system:serviceaccount:lockkeeper:lockkeeper-worker' ||
        (user === 'system:serviceaccount:lockkeeper:lockkeeper-agent' &&
          resource === 'nodes' &&
          name === node),
    );
    const evictions = ours.filter(isEviction);
    const rest = ours.filter((record) => !isEviction(record));
    expect(evictions.length).toBeGreaterThan(0);
    expect(rest.length).toBeGreaterThan(10);
    const words = rest.map(
      ({ verb, resource, subresource }) => `${verb} ${resource}/${subresource}`,
    );
    expect(words.length > 30 ? words : []).toEqual([]);
  });
});

describe('a rollout started by hand', () => {
  test('G9: with a wrong input fails at once, with the path and the rule of each mistake', async () => {
    const rollout = await scene.startByHand('worker-2', {
      node: 'Worker 2',
      skipp: [],
      skip: ['x'],
    });
    const { message } = await failureOf(rollout);
    expect(message).toContain('node: write the name of a node, as kubectl get nodes shows it');
    expect(message).toContain('skip[0]: ');
    expect(message).toContain('Unrecognized key: "skipp"');
  });

  test('for a node that does not exist says so', async () => {
    const rollout = await scene.startByHand('worker-99');
    expect(await failureOf(rollout)).toEqual({
      type: 'no-such-node',
      message: 'there is no node worker-99; see kubectl get nodes',
    });
  });

  test('for a node that needs no reboot ends without touching it', async () => {
    const rollout = await scene.startByHand('worker-2');
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'nothing-to-do' });
    expect(scene.lab.fleet.bootIds('worker-2')).toHaveLength(1);
  });

  test('G8: waits on a held node and says why, and goes on when the hold is lifted', async () => {
    await scene.askForReboot('worker-2');
    await scene.patchNode('worker-2', {
      metadata: { annotations: { 'lockkeeper.io/hold': 'disk is being swapped' } },
    });
    const rollout = await scene.startByHand('worker-2');
    const status = await until(
      () => scene.status(rollout),
      (status) => closedGatesOf(status).length > 0,
    );
    expect(status.phase.at).toBe('waiting');
    expect(closedGatesOf(status)).toMatchObject([
      { gate: 'hold', because: 'held: disk is being swapped' },
    ]);
    const pending = await until(
      async () => (await rollout.describe()).raw.pendingActivities?.[0],
      (activity) => activity?.lastFailure?.message !== undefined,
    );
    expect(pending?.lastFailure?.message).toBe('hold: held: disk is being swapped');
    await scene.patchNode('worker-2', {
      metadata: { annotations: { 'lockkeeper.io/hold': null } },
    });
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
  });
});

describe('several rollouts', () => {
  test('G1, G6: take one node out at a time and leave a foreign cordon as it was', async () => {
    const nodes = ['worker-1', 'worker-3', 'worker-4'];
    await scene.patchNode('worker-3', { spec: { unschedulable: true } });
    for (const node of nodes) await scene.askForReboot(node);
    const rollouts = [];
    for (const node of nodes) {
      const rollout = await scene.startByHand(node);
      rollouts.push(rollout);
      // The first in the queue goes first, so each is in it before the next is started.
      await until(
        () => scene.status(rollout),
        ({ phase }) => phase.at === 'queued' && phase.place !== undefined,
      );
    }
    // The foreign cordon uses the budget, so only its own node may go; then it is lifted by who set it.
    const [, third] = rollouts;
    if (!third) throw new Error('it was not started');
    const waiting = await until(
      () => scene.lockStatus('workers'),
      ({ because }) => because !== undefined,
    );
    expect(waiting.because).toContain('worker-3 is cordoned');
    await scene.client.workflow.getHandle('node-rollout/worker-1').signal('abort');
    expect(await scene.result(third)).toMatchObject({ outcome: 'rebooted' });
    const back = await scene.lab.fleet.evidence.until(
      'worker-3',
      'back',
      ({ rollout }) => rollout === undefined,
    );
    expect(back.unschedulable).toBe(true);
    await scene.patchNode('worker-3', { spec: { unschedulable: null } });
    expect(await scene.result(rollouts[2] as WorkflowHandle)).toMatchObject({
      outcome: 'rebooted',
    });
    expect(scene.mostNodesOut()).toBe(1);
    expect(scene.lab.fleet.bootIds('worker-3')).toHaveLength(2);
    expect(scene.lab.fleet.bootIds('worker-4')).toHaveLength(2);
  });

  test('G7: a worker killed in the middle changes neither the outcome nor the number of reboots', async () => {
    const node = 'worker-1';
    const boots = scene.lab.fleet.bootIds(node).length;
    await scene.forbidEvictions(node);
    const rollout = await scene.startByHand(node);
    await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
    await scene.lab.worker.kill();
    await scene.lab.worker.start();
    await scene.allowEvictions();
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
    expect(scene.lab.fleet.bootIds(node)).toHaveLength(boots + 1);
    await scene.record('worker-killed', rollout.workflowId);
    await scene.lab.fleet.evidence.until(node, 'in service', ({ unschedulable }) => !unschedulable);
  });

  test.each<{ name: string; when: string; disturb: () => Promise<void> }>([
    {
      name: 'Temporal, killed and started again while the node is drained,',
      when: 'cordoned',
      disturb: () => scene.lab.cluster.restart('temporal', { downMs: 2_000 }),
    },
    {
      name: 'the API server, killed and started again while the node is drained,',
      when: 'cordoned',
      disturb: () => scene.lab.cluster.restart('kube-apiserver', { downMs: 2_000 }),
    },
    {
      name: 'the agent, killed when the order has been written,',
      when: 'ordered',
      disturb: async () => {
        await scene.lab.fleet.agent('worker-4').kill();
        await scene.lab.fleet.agent('worker-4').start();
      },
    },
  ])(
    'G7: $name changes neither the outcome nor the number of reboots',
    async ({ when, disturb }) => {
      const node = 'worker-4';
      const boots = scene.lab.fleet.bootIds(node).length;
      if (when === 'cordoned') await scene.forbidEvictions(node);
      await scene.askForReboot(node);
      const rollout = await scene.startByHand(node);
      await scene.lab.fleet.evidence.until(node, when, ({ unschedulable, order }) =>
        when === 'cordoned' ? unschedulable : order !== undefined,
      );
      await disturb();
      await scene.allowEvictions();
      expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
      await scene.lab.fleet.evidence.until(
        node,
        'in service',
        ({ unschedulable }) => !unschedulable,
      );
      expect(scene.lab.fleet.bootIds(node)).toHaveLength(boots + 1);
    },
  );

  test('G7: a rollout terminated in mid-drain is picked up by the scan, and no permit is left behind', async () => {
    const node = 'worker-3';
    const boots = scene.lab.fleet.bootIds(node).length;
    await scene.askForReboot(node);
    await scene.forbidEvictions(node);
    const rollout = await scene.startByHand(node);
    await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
    await rollout.terminate('a test');
    await scene.allowEvictions();
    await scene.client.schedule.getHandle('fleet-scan').trigger();
    await scene.lab.fleet.evidence.until(
      node,
      'in service in its next boot',
      ({ unschedulable, rollout: record }) =>
        scene.lab.fleet.bootIds(node).length > boots && !unschedulable && record === undefined,
    );
    expect(scene.lab.fleet.bootIds(node)).toHaveLength(boots + 1);
    const { queue } = await until(
      () => scene.lockStatus('workers'),
      ({ permits }) => permits.length === 0,
    );
    expect(queue).toEqual([]);
  });

  test('G6: aborted in mid-drain, hands the node back as it was found', async () => {
    const node = 'worker-2';
    const boots = scene.lab.fleet.bootIds(node).length;
    await scene.forbidEvictions(node);
    await scene.askForReboot(node);
    const rollout = await scene.startByHand(node);
    await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
    await rollout.signal('abort', { reason: 'not today', by: 'ann' });
    expect(await scene.result(rollout)).toMatchObject({
      outcome: 'aborted',
      because: 'aborted by ann: not today',
    });
    await scene.lab.fleet.evidence.until(
      node,
      'as it was',
      ({ unschedulable, rollout: record }) => !unschedulable && record === undefined,
    );
    expect(scene.lab.fleet.bootIds(node)).toHaveLength(boots);
  });
});

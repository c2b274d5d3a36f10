import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { troublesOf } from '../../domain/trouble.ts';
import { whyItWaits } from '../../domain/why-it-waits.ts';
import { failureOf } from './failure-of.ts';
import { until } from '../ask.ts';
import { closedGatesOf, RolloutScene } from './rollout-scene.ts';
import { throttleWorker } from './throttle.ts';

/** Each test has a pool of its own, so that a halted one holds up no other. */
const POOLS = {
  lost: { reboot: { ...quick(), returnWithin: '3s' } },
  late: { reboot: { ...quick(), returnWithin: '3s' } },
  same: { reboot: { ...quick(), returnWithin: '3s' } },
  flaps: { reboot: { ...quick(), stableFor: '5s' } },
  loops: {},
  refused: { reboot: { ...quick(), orderExpires: '60s' } },
  silent: { reboot: { ...quick(), orderExpires: '3s' } },
  budget: { drain: { timeout: '4s' } },
  foreign: { drain: { timeout: '4s' } },
  patient: {},
  throttled: {},
};

function quick() {
  return { stableFor: '1s', perDay: 100 } as const;
}

let scene: RolloutScene;
beforeAll(async () => {
  scene = await RolloutScene.open({ nodes: 10, pools: POOLS });
}, 1_800_000);
// A test in which a guarantee was broken fails, whatever it looked at itself.
afterEach(async () => {
  await scene.allowEvictions();
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  await scene.close();
});

const machine = (node: string) => scene.lab.fleet.machine(node);
const boots = (node: string): number => scene.lab.fleet.bootIds(node).length;
const phase = async (rollout: WorkflowHandle): Promise<string> =>
  (await scene.status(rollout)).phase.at;

async function rollIn(pool: keyof typeof POOLS, node: string): Promise<WorkflowHandle> {
  await scene.moveTo(pool, node);
  await scene.askForReboot(node);
  return await scene.startByHand(node);
}

/** The nodes of the pool that show a trouble, which is what halts it. */
async function troubled(pool: keyof typeof POOLS, nodes: readonly string[]): Promise<void> {
  const reboot = { orderExpires: 30_000, returnWithin: 3_000 };
  const shown = await until(
    async () => troublesOf(scene.nodesOf(pool), { reboot, nowMs: Date.now() }),
    ({ length }) => length === nodes.length,
  );
  expect(shown.map(({ node }) => node)).toEqual(nodes);
}

/** What the step that is under way says of itself, as `temporal workflow describe` shows it. */
async function heartbeatOf(rollout: WorkflowHandle): Promise<string> {
  const { raw } = await rollout.describe();
  const [payload] = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads ?? [];
  return Buffer.from(payload?.data ?? []).toString('utf8');
}

/** In service, and in no rollout's hands. */
async function handedBack(node: string): Promise<void> {
  await scene.lab.fleet.evidence.until(
    node,
    'handed back',
    ({ ready, unschedulable, rollout, order }) => ready && !unschedulable && !rollout && !order,
  );
}

describe('a node that does not come back', () => {
  test('G5: halts its pool and keeps its place, and when it is back all goes on', async () => {
    machine('worker-1').setFault({ kind: 'never-returns' });
    const lost = await rollIn('lost', 'worker-1');
    await until(
      () => phase(lost),
      (at) => at === 'lost',
    );
    machine('worker-1').setFault({ kind: 'none' });
    const other = await rollIn('lost', 'worker-2');
    const { because, troubles } = await until(
      () => scene.lockStatus('lost'),
      (status) => status.because?.includes('halted') === true,
    );
    expect(because).toMatch(/the pool is halted until it is resumed or the node is back: worker-1/);
    expect(troubles).toMatchObject([{ node: 'worker-1' }]);
    const { phase: shown } = await until(
      () => scene.status(other),
      (status) => whyItWaits(status).includes('halted'),
    );
    expect(shown).toMatchObject({ at: 'queued', place: { place: 1, why: 'halted' } });
    expect(await scene.eventsOf('worker-1')).toContainEqual(expect.stringMatching(/^Lost: /));
    expect(boots('worker-2')).toBe(1);

    machine('worker-1').powerOn();
    expect(await scene.result(lost)).toMatchObject({ outcome: 'rebooted' });
    expect(await scene.result(other)).toMatchObject({ outcome: 'rebooted' });
    await troubled('lost', []);
    expect([boots('worker-1'), boots('worker-2')]).toEqual([2, 2]);
  });

  test('G3: in time but late, finishes as any other', async () => {
    machine('worker-3').setFault({ kind: 'late', byMs: 6_000 });
    const rollout = await rollIn('late', 'worker-3');
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
    machine('worker-3').setFault({ kind: 'none' });
    expect(await scene.eventsOf('worker-3')).toContainEqual(expect.stringMatching(/^Lost: /));
    expect(boots('worker-3')).toBe(2);
    await handedBack('worker-3');
  });

  test('G3: but for the same boot id, is not believed to have rebooted', async () => {
    machine('worker-4').setFault({ kind: 'same-boot-id' });
    const rollout = await rollIn('same', 'worker-4');
    await until(
      () => phase(rollout),
      (at) => at === 'lost',
    );
    await scene.lab.fleet.evidence.until('worker-4', 'Ready', ({ ready }) => ready);
    expect(whyItWaits(await scene.status(rollout))).toContain('its boot id has not changed');
    expect(boots('worker-4')).toBe(1);

    machine('worker-4').setFault({ kind: 'none' });
    scene.lab.witness.expectReboot('worker-4');
    await machine('worker-4').reboot();
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
    await handedBack('worker-4');
  });

  test('G3: for good at once, but loses its kubelet again and again, is handed back when Ready has stayed', async () => {
    const node = 'worker-10';
    machine(node).setFault({ kind: 'flaps', times: 2, everyMs: 2_500 });
    const rollout = await rollIn('flaps', node);
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
    await handedBack(node);
    const [, booted] = scene.lab.fleet.bootIds(node);
    const seen = scene.lab.fleet.evidence.timeline.filter(
      (one) => one.node === node && one.bootId === booted && one.unschedulable,
    );
    const rises = seen.filter(({ ready }, index) => ready && seen[index - 1]?.ready !== true);
    expect(rises).toHaveLength(3);
    expect(boots(node)).toBe(2);
    machine(node).setFault({ kind: 'none' });
  });

  test('G5: with its sentinel still there, is quarantined and halts its pool, and is not rebooted in a loop', async () => {
    machine('worker-5').setFault({ kind: 'sentinel-stays' });
    const rollout = await rollIn('loops', 'worker-5');
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'quarantined' });
    // Before another run has the same id.
    await handedBack('worker-5');
    await troubled('loops', ['worker-5']);
    const again = await scene.startByHand('worker-5');
    const waitingFor = closedGatesOf(
      await until(
        () => scene.status(again),
        (status) => closedGatesOf(status).length > 0,
      ),
    );
    expect(waitingFor.map(({ gate }) => gate)).toContain('quarantine');

    machine('worker-5').setFault({ kind: 'none' });
    await machine('worker-5').withdrawRequest();
    expect(await scene.result(again)).toMatchObject({ outcome: 'nothing-to-do' });
    expect(boots('worker-5')).toBe(2);
  });
});

describe('an order', () => {
  test('that the agent refuses, is undone with the words of the agent, and halts the pool', async () => {
    const node = 'worker-6';
    await scene.moveTo('refused', node);
    await scene.askForReboot(node);
    await scene.lab.fleet.agent(node).kill();
    const rollout = await scene.startByHand(node);
    const { order } = await scene.lab.fleet.evidence.until(
      node,
      'ordered',
      (facts) => facts.order?.ok === true,
    );
    if (!order?.ok) throw new Error('there is no order');
    const answer = { ...order.value, verdict: 'refused', because: 'a disk is being checked' };
    await scene.patchNode(node, {
      metadata: {
        annotations: {
          'lockkeeper.io/reboot-answer': JSON.stringify({
            ...answer,
            at: new Date().toISOString(),
          }),
        },
      },
    });
    expect(await failureOf(rollout)).toEqual({
      type: 'order-refused',
      message: 'the agent refused: a disk is being checked',
    });
    await handedBack(node);
    await scene.lab.fleet.agent(node).start();
    await troubled('refused', [node]);
    expect(boots(node)).toBe(1);
  });

  test('that nobody answers, is withdrawn, and the next try comes after a pause that shows', async () => {
    const node = 'worker-7';
    await scene.moveTo('silent', node);
    await scene.askForReboot(node);
    await scene.lab.fleet.agent(node).kill();
    const rollout = await scene.startByHand(node);
    expect(await failureOf(rollout)).toMatchObject({ type: 'agent-silent' });
    await handedBack(node);

    await scene.lab.fleet.agent(node).start();
    const again = await scene.startByHand(node);
    const waitingFor = closedGatesOf(
      await until(
        () => scene.status(again),
        (status) => closedGatesOf(status).length > 0,
      ),
    );
    expect(waitingFor).toMatchObject([
      { gate: 'rest', because: expect.stringMatching(/^tried once without a reboot, next try/) },
    ]);
    // In the halted pool only the node that is the trouble may try again, and that ends the halt.
    await again.signal('retry');
    expect(await scene.result(again)).toMatchObject({ outcome: 'rebooted' });
    await troubled('silent', []);
    expect(boots(node)).toBe(2);
  });
});

describe('a drain', () => {
  test('that a disruption budget never allows, is undone naming the budget, and halts the pool until it is resumed', async () => {
    const node = 'worker-8';
    await scene.forbidEvictions(node);
    const rollout = await rollIn('budget', node);
    const { type, message } = await failureOf(rollout);
    expect(type).toBe('drain-timed-out');
    expect(message).toContain(`never-${node}`);
    await handedBack(node);
    expect(await scene.eventsOf(node)).toContainEqual(
      expect.stringMatching(`^Undone: handed back without a reboot: .*never-${node}`),
    );
    await troubled('budget', [node]);
    await scene.lockOf('budget').signal('resume');
    await troubled('budget', []);
    await scene.allowEvictions();
    expect(boots(node)).toBe(1);
  });

  test("G6: leaves a foreign cordon as it was when it fails, and a foreign uncordon is somebody's word", async () => {
    const node = 'worker-9';
    await scene.forbidEvictions(node);
    await scene.patchNode(node, { spec: { unschedulable: true } });
    const failing = await rollIn('foreign', node);
    expect(await failureOf(failing)).toMatchObject({ type: 'drain-timed-out' });
    const left = await scene.lab.fleet.evidence.until(node, 'undone', ({ rollout }) => !rollout);
    expect(left.unschedulable).toBe(true);
    await scene.patchNode(node, { spec: { unschedulable: null } });

    // The other pool has time enough to notice.
    await scene.moveTo('patient', node);
    const uncordoned = await scene.startByHand(node, { node, skip: ['rest'] });
    await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
    await scene.patchNode(node, { spec: { unschedulable: null } });
    expect(await failureOf(uncordoned)).toMatchObject({ type: 'cordon-lost' });
    await handedBack(node);
    await scene.allowEvictions();
    // It is still the drain that halts the pool of the node, and not what a person has said.
    const { attempts } = scene.lab.fleet.evidence.node(node) ?? {};
    expect(attempts?.failed?.because).toContain('uncordoned');
    expect(attempts?.trouble?.because).toContain('was not empty in time');
  });

  test('G2: waits while the API server refuses every request for overload, and says so', async () => {
    const node = 'worker-10';
    const before = boots(node);
    await scene.forbidEvictions(node);
    const rollout = await rollIn('throttled', node);
    await until(
      () => scene.status(rollout),
      (status) => status.phase.at === 'draining' && whyItWaits(status) !== '',
    );
    const throttledNoMore = await throttleWorker(scene.lab.cluster, scene.lab.fleet.kube);
    await scene.allowEvictions();
    try {
      const heartbeat = await until(
        () => heartbeatOf(rollout),
        (text) => text.includes('HTTP 429') || text.includes('overloaded'),
      );
      expect(heartbeat).toContain(`pinned/${node}-`);
      expect(boots(node)).toBe(before);
    } finally {
      await throttledNoMore();
    }
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
    await handedBack(node);
    expect(boots(node)).toBe(before + 1);
  });

  test('of a node that is deleted meanwhile, ends cleanly and leaves nothing in the lock', async () => {
    const node = 'worker-9';
    await scene.forbidEvictions(node);
    const rollout = await scene.startByHand(node, { node, skip: ['rest'] });
    await scene.lab.fleet.evidence.until(node, 'cordoned', ({ unschedulable }) => unschedulable);
    await scene.lab.fleet.kube.delete(`/api/v1/nodes/${node}`);
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'node-gone' });
    await scene.allowEvictions();
    await until(
      () => scene.lockStatus('patient'),
      ({ permits }) => permits.length === 0,
    );
  });
});

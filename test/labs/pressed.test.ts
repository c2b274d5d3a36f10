import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import { lockId, rolloutId } from '../../domain/names.ts';
import { until } from '../ask.ts';
import { RolloutScene } from './rollout-scene.ts';

/**
 * What a person may press in the Web UI, as the CLI asks the server for it, where it hurts most: in mid-drain, and after the
 * order, with the node away. What docs/operations.md says of each is what happens here.
 */

const { PENDING_ACTIVITY_STATE_PAUSED } = proto.temporal.api.enums.v1.PendingActivityState;

const POOLS = ['drained', 'ordered', 'held', 'locked'] as const;

let scene: RolloutScene;
beforeAll(async () => {
  const rules = {
    drain: { timeout: '2h' },
    reboot: { orderExpires: '60s', returnWithin: '2h', stableFor: '1s', perDay: 100 },
  } as const;
  scene = await RolloutScene.open({
    nodes: 6,
    pools: Object.fromEntries(POOLS.map((pool) => [pool, rules])),
  });
  await scene.moveTo('drained', 'worker-1');
  await scene.moveTo('ordered', 'worker-2');
  await scene.moveTo('held', 'worker-3');
  await scene.moveTo('locked', 'worker-4', 'worker-5');
}, 1_800_000);
// A test in which a guarantee was broken fails, whatever it looked at itself.
afterEach(async () => {
  await scene.allowEvictions();
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  await scene.close();
}, 600_000);

const boots = (node: string): number => scene.lab.fleet.bootIds(node).length;

/** The run that is there now, whichever that is. */
const rolloutOf = (node: string): WorkflowHandle =>
  scene.client.workflow.getHandle(rolloutId(node));

const REASON = ['--reason', 'a test'] as const;

type Verb = 'terminate' | 'cancel' | 'pause' | 'unpause';

/** Of a cancellation it is not asked why. */
const workflow = (verb: Verb, workflowId: string): Promise<string> =>
  scene.cli('workflow', verb, '--workflow-id', workflowId, ...(verb === 'cancel' ? [] : REASON));

async function activityOf(workflowId: string) {
  const { raw } = await scene.client.workflow.getHandle(workflowId).describe();
  return raw.pendingActivities?.[0];
}

/** The activity that is under way or is waited for. */
async function activity(verb: 'pause' | 'unpause' | 'reset', workflowId: string): Promise<void> {
  const { activityId } = (await activityOf(workflowId)) ?? {};
  const which = ['--workflow-id', workflowId, '--activity-id', activityId ?? ''];
  // Only of a pause it is asked why.
  await scene.cli('activity', verb, ...which, ...(verb === 'pause' ? REASON : []));
}

/** No attempt is made any more. */
const activityRests = (workflowId: string) =>
  until(
    () => activityOf(workflowId),
    (one) => one?.state === PENDING_ACTIVITY_STATE_PAUSED,
  );

const statusName = async (node: string): Promise<string> =>
  (await rolloutOf(node).describe()).status.name;

async function standsInDrain(node: string): Promise<void> {
  await scene.forbidEvictions(node);
  await scene.askForReboot(node);
  const rollout = await scene.startByHand(node);
  await until(
    () => scene.status(rollout),
    ({ phase }) => phase.at === 'draining',
  );
}

/** Ordered and accepted; the machine is away until it is switched on. */
async function isAway(node: string): Promise<void> {
  scene.lab.fleet.machine(node).setFault({ kind: 'never-returns' });
  await scene.askForReboot(node);
  await scene.startByHand(node);
  await scene.lab.fleet.evidence.until(
    node,
    'told to reboot',
    ({ answer }) => answer?.ok === true && answer.value.verdict === 'accepted',
  );
  await until(
    () => activityOf(rolloutId(node)),
    (one) => one?.activityType?.name === 'awaitReturn',
  );
}

/** Its boot id is another; a machine that has only just heard its order is off first. */
async function comesBack(node: string, before: number): Promise<void> {
  const { fleet } = scene.lab;
  await until(
    async () => fleet.machine(node).powerOn(),
    (wasOff) => wasOff,
  );
  fleet.machine(node).setFault({ kind: 'none' });
  await fleet.evidence.until(node, 'up again', ({ ready }) => ready && boots(node) > before);
}

const pinnedPods = async (node: string): Promise<number> => {
  const query = new URLSearchParams({
    labelSelector: `app=${node}`,
    fieldSelector: `spec.nodeName=${node}`,
  }).toString();
  const { items } = await scene.lab.fleet.kube.get<{ items: unknown[] }>(
    `/api/v1/namespaces/pinned/pods?${query}`,
  );
  return items.length;
};

const shown = (node: string) => scene.lab.fleet.evidence.node(node);

/** Each is pressed on its workflow; `released` undoes it. */
const PRESSED: readonly {
  readonly what: string;
  readonly press: (workflowId: string) => Promise<unknown>;
  readonly release?: (workflowId: string) => Promise<unknown>;
}[] = [
  {
    what: 'Terminate, and the scan has started it again',
    press: (id) => workflow('terminate', id),
    release: (id) => scene.startByHand(id.slice(rolloutId('').length)),
  },
  { what: 'Reset to the first task', press: (id) => scene.reset(id, 'FirstWorkflowTask') },
  { what: 'Reset to the last task', press: (id) => scene.reset(id, 'LastWorkflowTask') },
  {
    what: 'Pause Workflow',
    press: (id) => workflow('pause', id),
    release: (id) => workflow('unpause', id),
  },
  {
    what: 'Pause of the activity',
    press: async (id) => {
      await activity('pause', id);
      await activityRests(id);
    },
    release: (id) => activity('unpause', id),
  },
  { what: 'Reset of the activity', press: (id) => activity('reset', id) },
];

describe('G7: in mid-drain, whatever is pressed, the node is rebooted once and handed back', () => {
  const node = 'worker-1';

  test.each(PRESSED)(
    '$what',
    async ({ press, release }) => {
      const before = boots(node);
      await standsInDrain(node);
      await press(rolloutId(node));
      expect(shown(node)?.unschedulable).toBe(true);
      await release?.(rolloutId(node));
      await scene.allowEvictions();
      expect(await scene.result(rolloutOf(node))).toMatchObject({ outcome: 'rebooted' });
      expect(boots(node)).toBe(before + 1);
      expect(shown(node)).toMatchObject({ unschedulable: false, ready: true });
    },
    300_000,
  );

  test('Request Cancellation undoes everything', async () => {
    const before = boots(node);
    await standsInDrain(node);
    await workflow('cancel', rolloutId(node));
    await expect(rolloutOf(node).result()).rejects.toThrow();
    expect(await statusName(node)).toBe('CANCELLED');
    await scene.lab.fleet.evidence.until(
      node,
      'handed back',
      ({ unschedulable, rollout }) => !unschedulable && !rollout,
    );
    expect(boots(node)).toBe(before);
    await scene.lab.fleet.machine(node).withdrawRequest();
  });

  test('Pause Workflow lets the drain come to its end, and nothing is ordered until Unpause', async () => {
    const before = boots(node);
    await standsInDrain(node);
    await workflow('pause', rolloutId(node));
    await scene.allowEvictions();
    await until(
      () => activityOf(rolloutId(node)),
      (one) => one === undefined,
    );
    expect(await pinnedPods(node)).toBe(0);
    expect(shown(node)).toMatchObject({ unschedulable: true });
    expect(shown(node)?.order).toBeUndefined();
    const rollout = rolloutOf(node);
    await expect(rollout.query('status')).rejects.toThrow('Query rejected');
    await expect(rollout.executeUpdate('pause', { args: [{}] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('Workflow is paused') },
    });
    await workflow('unpause', rolloutId(node));
    expect(await scene.result(rolloutOf(node))).toMatchObject({ outcome: 'rebooted' });
    expect(boots(node)).toBe(before + 1);
  }, 300_000);

  test('Pause of the activity stops the evictions, and an abort is heard all the same', async () => {
    const before = boots(node);
    await standsInDrain(node);
    await activity('pause', rolloutId(node));
    await activityRests(rolloutId(node));
    await scene.allowEvictions();
    expect(await pinnedPods(node)).toBe(1);
    await rolloutOf(node).signal('abort', { by: 'kim', reason: 'enough' });
    expect(await scene.result(rolloutOf(node))).toMatchObject({ outcome: 'aborted' });
    expect(boots(node)).toBe(before);
    await scene.lab.fleet.machine(node).withdrawRequest();
  });
});

describe('G7: after the order, whatever is pressed, the node is brought back, and rebooted once', () => {
  const node = 'worker-2';

  test.each([
    ...PRESSED,
    { what: 'Request Cancellation', press: (id: string) => workflow('cancel', id) },
  ])(
    '$what',
    async ({ press, release }) => {
      const before = boots(node);
      await isAway(node);
      await press(rolloutId(node));
      await comesBack(node, before);
      // Whatever is to be released holds it where it is.
      if (release) expect(shown(node)?.unschedulable).toBe(true);
      await release?.(rolloutId(node));
      expect(await scene.result(rolloutOf(node))).toMatchObject({ outcome: 'rebooted' });
      expect(await statusName(node)).toBe('COMPLETED');
      expect(boots(node)).toBe(before + 1);
      expect(shown(node)).toMatchObject({ unschedulable: false, ready: true });
    },
    300_000,
  );

  test('Pause Workflow keeps it cordoned until Unpause', async () => {
    const before = boots(node);
    await isAway(node);
    await workflow('pause', rolloutId(node));
    await comesBack(node, before);
    // The wait for it, which was under way, comes to its end.
    await until(
      () => activityOf(rolloutId(node)),
      (one) => one === undefined,
    );
    expect(shown(node)).toMatchObject({ unschedulable: true, ready: true });
    await workflow('unpause', rolloutId(node));
    expect(await scene.result(rolloutOf(node))).toMatchObject({ outcome: 'rebooted' });
  }, 300_000);
});

test('G8: a look at the gates that is paused sees nothing, until retry looks past it', async () => {
  const node = 'worker-3';
  const hold = (why: string | null) =>
    scene.patchNode(node, { metadata: { annotations: { 'lockkeeper.io/hold': why } } });
  await hold('disk');
  await scene.askForReboot(node);
  const rollout = await scene.startByHand(node);
  await until(
    () => activityOf(rolloutId(node)),
    (one) => one?.lastFailure?.message?.startsWith('hold: held: disk') === true,
  );
  await activity('pause', rolloutId(node));
  await hold(null);
  expect((await scene.status(rollout)).phase.at).toBe('waiting');
  await rollout.signal('retry', { by: 'kim' });
  expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
});

describe('G1, G7: what is pressed on a lock holds up its pool for a while', () => {
  test.each<{ what: string; press: () => Promise<unknown>; says: string }>([
    {
      what: 'Pause Workflow',
      press: () => workflow('pause', lockId('locked')),
      says: 'the lock of pool locked is paused in Temporal itself',
    },
    {
      what: 'Request Cancellation',
      press: () => workflow('cancel', lockId('locked')),
      says: 'what a former lock of pool locked may have granted settles until',
    },
    {
      what: 'Reset to the last task',
      press: () => scene.reset(lockId('locked')),
      says: '1 of at most 1 out of service: worker-4 is in the middle of a rollout',
    },
  ])(
    '$what',
    async ({ press, says }) => {
      const [node, next] = ['worker-4', 'worker-5'];
      const before = boots(next);
      await standsInDrain(node);
      await scene.askForReboot(next);
      const waits = await scene.startByHand(next);
      await until(
        () => scene.lockStatus('locked'),
        ({ queue }) => queue.length === 1,
      );
      await press();
      await until(
        () => activityOf(rolloutId(next)),
        (one) => one?.lastFailure?.message?.includes(says) === true,
      );
      await scene.allowEvictions();
      expect(await scene.result(rolloutOf(node))).toMatchObject({ outcome: 'rebooted' });
      // Where it was not paused there is nothing to be released.
      await workflow('unpause', lockId('locked')).catch(() => undefined);
      expect(await scene.result(waits)).toMatchObject({ outcome: 'rebooted' });
      expect(boots(next)).toBe(before + 1);
      expect(scene.mostNodesOut()).toBe(1);
    },
    300_000,
  );

  test('a wait for the turn that is paused hears of the grant all the same', async () => {
    const [node, next] = ['worker-4', 'worker-5'];
    await standsInDrain(node);
    await scene.askForReboot(next);
    const waits = await scene.startByHand(next);
    await until(
      () => activityOf(rolloutId(next)),
      (one) => one?.lastFailure?.message?.includes(`${node} is in the middle`) === true,
    );
    await activity('pause', rolloutId(next));
    await scene.allowEvictions();
    expect(await scene.result(rolloutOf(node))).toMatchObject({ outcome: 'rebooted' });
    expect(await scene.result(waits)).toMatchObject({ outcome: 'rebooted' });
  }, 300_000);
});

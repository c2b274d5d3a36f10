import { createHmac } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { SlackReceiver } from '../../lab/notify/slack-receiver.ts';
import { readAudit } from '../../lab/cluster/audit.ts';
import { until } from '../ask.ts';
import { closedGatesOf, RolloutScene } from './rollout-scene.ts';

/** People are told what happens to nodes, by receivers that work, that hang and that are dead. */

const KURED = ['draining', 'rebooting', 'returned'] as const;
const quick = { stableFor: '1s', perDay: 100 } as const;
const SIGNED_WITH = 'T0PS3CRETsigning';

let ops: SlackReceiver;
let hanging: SlackReceiver;
let dead: SlackReceiver;
let hook: SlackReceiver;
let scene: RolloutScene;
beforeAll(async () => {
  [ops, hanging, dead, hook] = (await Promise.all(
    Array.from({ length: 4 }, () => SlackReceiver.start()),
  )) as [SlackReceiver, SlackReceiver, SlackReceiver, SlackReceiver];
  hanging.behave('hangs');
  await dead.die();
  scene = await RolloutScene.open({
    nodes: 4,
    pools: {
      blocked: {
        reboot: quick,
        // Nothing is in its way but the pod that cannot be evicted.
        drain: { timeout: '2m', blockedAfter: '1s', podSelector: 'app=worker-2' },
      },
      others: { reboot: { ...quick, returnWithin: '3s' } },
    },
    notifications: [
      { slack: '${OPS_URL}', username: 'kured', channel: '#ops', pools: ['workers'] },
      { slack: '${HANGING_URL}' },
      { slack: '${DEAD_URL}', on: [...KURED], templates: { draining: '{{node}} of {{pool}}' } },
      { name: 'hook', webhook: { url: '${HOOK_URL}', secret: '${HOOK_SECRET}' } },
    ],
    env: {
      OPS_URL: ops.url,
      HANGING_URL: hanging.url,
      DEAD_URL: dead.url,
      HOOK_URL: hook.url,
      HOOK_SECRET: SIGNED_WITH,
    },
  });
}, 1_800_000);
// A test in which a guarantee was broken fails, whatever it looked at itself.
afterEach(async () => {
  await scene.lab.witness.assertClean();
});
afterAll(async () => {
  await scene.close();
  await Promise.all([ops.die(), hanging.die(), dead.die(), hook.die()]);
});

interface Told {
  readonly id: string;
  readonly event: string;
  readonly node?: string;
  readonly because?: string;
}

const facts = (): Told[] => hook.bodies.map((body) => JSON.parse(body) as Told);

/** What the webhook was told about a node, in order. */
const toldOf = (node: string): Told[] => facts().filter((told) => told.node === node);

/** Waits until the webhook was told of this event of the node. */
const heardOf = async (node: string, event: string): Promise<Told> => {
  const told = await until(
    async () => toldOf(node).find((one) => one.event === event),
    (one) => one !== undefined,
  );
  return told as Told;
};

async function rollIn(pool: string, node: string) {
  await scene.moveTo(pool, node);
  await scene.askForReboot(node);
  return await scene.startByHand(node);
}

/** Has the fleet looked over once, and waits until that is done. */
async function scan(): Promise<void> {
  const done = async (): Promise<number> => {
    const scans = 'WorkflowType = "fleetScan" AND ExecutionStatus = "Completed"';
    return (await scene.client.workflow.count(scans)).count;
  };
  const before = await done();
  await scene.client.schedule.getHandle('fleet-scan').trigger();
  await until(done, (count) => count > before);
}

const say = (text: string): string => JSON.stringify({ text, username: 'kured', channel: '#ops' });

describe('an undisturbed rollout', () => {
  const node = 'worker-1';

  test('G11: is over while one receiver has not answered yet and another is not there', async () => {
    await scene.askForReboot(node);
    const before = (await readAudit(scene.lab.cluster.auditPath)).length;
    const rollout = await scene.startByHand(node);
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
    expect(hanging.asked).toBeGreaterThan(0);
    expect(hanging.taken).toEqual([]);
    expect(dead.asked).toBe(0);

    const { events } = await rollout.fetchHistory();
    expect(events?.length).toBeLessThanOrEqual(70);
    const worker = 'system:serviceaccount:lockkeeper:lockkeeper-worker';
    const requests = (await readAudit(scene.lab.cluster.auditPath))
      .slice(before)
      .filter(({ user, subresource }) => user === worker && subresource !== 'eviction');
    expect(requests.length).toBeGreaterThan(5);
    expect(requests.length).toBeLessThanOrEqual(30);
  });

  test("is told exactly as kured tells it, in order: the lab's Slack receiver shows the body", async () => {
    const bodies = await until(
      async () => ops.bodies,
      ({ length }) => length === 3,
    );
    expect(bodies).toEqual([
      '{"text":"Draining node worker-1","username":"kured","channel":"#ops"}',
      '{"text":"Rebooting node worker-1","username":"kured","channel":"#ops"}',
      '{"text":"Node worker-1 rebooted & uncordoned successfully!","username":"kured","channel":"#ops"}',
    ]);
    expect(ops.taken[0]?.headers['content-type']).toBe('application/json');
  });

  test('G11: a receiver that was dead is told everything, in order, once it is back', async () => {
    expect(dead.asked).toBe(0);
    await dead.revive();
    const bodies = await until(
      async () => dead.bodies,
      ({ length }) => length === 3,
    );
    expect(bodies.map((body) => JSON.parse(body) as unknown)).toEqual([
      { text: 'worker-1 of workers', username: 'lockkeeper' },
      { text: 'Rebooting node worker-1', username: 'lockkeeper' },
      { text: 'Node worker-1 rebooted & uncordoned successfully!', username: 'lockkeeper' },
    ]);
  });

  test('a receiver that has hung is told everything, in order, once it answers', async () => {
    hanging.behave('takes');
    const bodies = await until(
      async () => hanging.bodies,
      ({ length }) => length === 3,
    );
    expect(bodies[0]).toBe('{"text":"Draining node worker-1","username":"lockkeeper"}');
    expect(bodies[2]).toContain('rebooted');
    await scene.record('notifier', 'notify/node/worker-1');
  });

  test('is posted to a webhook with every fact, signed', async () => {
    expect(toldOf(node).map(({ event }) => event)).toEqual(KURED);
    const [posted] = hook.taken;
    const { body = '', headers = {} } = posted ?? {};
    expect(JSON.parse(body)).toEqual({
      id: headers['webhook-id'],
      event: 'draining',
      at: expect.stringMatching(/^20\d\d-.*Z$/),
      node,
      pool: 'workers',
      rollout: 'node-rollout/worker-1',
      text: 'Draining node worker-1',
    });
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
    const expected = createHmac('sha256', SIGNED_WITH).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${expected}`);
  });
});

describe('what goes wrong', () => {
  test('a drain that is blocked is told of with what is in its way, and an abort is no failure', async () => {
    const node = 'worker-2';
    await scene.forbidEvictions(node);
    const rollout = await rollIn('blocked', node);
    expect((await heardOf(node, 'blocked')).because).toContain('disruption budget');
    await rollout.signal('abort', { reason: 'not today', by: 'ann' });
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'aborted' });
    expect(await heardOf(node, 'undone')).toMatchObject({ because: 'aborted by ann: not today' });
    expect(toldOf(node).map(({ event }) => event)).toEqual(['draining', 'blocked', 'undone']);
    await scene.allowEvictions();
    await scene.lab.fleet.machine(node).withdrawRequest();
  });

  test('G5: a node that is lost and the pool that it halts are told of, and its return', async () => {
    const [lost, next] = ['worker-3', 'worker-4'];
    scene.lab.fleet.machine(lost).setFault({ kind: 'never-returns' });
    const rollout = await rollIn('others', lost);
    await heardOf(lost, 'lost');
    scene.lab.fleet.machine(lost).setFault({ kind: 'none' });
    const other = await rollIn('others', next);
    const halted = await until(
      async () => facts().find(({ event }) => event === 'halted'),
      (told) => told !== undefined,
    );
    expect(halted).toMatchObject({ pool: 'others' });
    expect(halted?.because).toContain(lost);
    scene.lab.fleet.machine(lost).powerOn();
    expect(await scene.result(rollout)).toMatchObject({ outcome: 'rebooted' });
    expect(await scene.result(other)).toMatchObject({ outcome: 'rebooted' });
    await heardOf(lost, 'returned');
    expect(toldOf(lost).map(({ event }) => event)).toEqual([
      'draining',
      'rebooting',
      'lost',
      'returned',
    ]);
  });

  test('a node that has waited too long is told of once, with the reason its rollout gives', async () => {
    const node = 'worker-1';
    await scene.patchNode(node, {
      metadata: { annotations: { 'lockkeeper.io/hold': 'a disk is being swapped' } },
    });
    await scene.askForReboot(node);
    const rollout = await scene.startByHand(node);
    await until(
      () => scene.status(rollout),
      (status) => closedGatesOf(status).length > 0,
    );
    await scene.changePolicy((pools) => {
      for (const pool of pools) pool.overdueAfter = '1s';
    });
    await until(
      async () => {
        await scan();
        return toldOf(node).some(({ event }) => event === 'overdue');
      },
      (told) => told,
    );
    await scan();
    expect(await heardOf(node, 'overdue')).toMatchObject({
      because: 'hold: held: a disk is being swapped',
    });
    await rollout.signal('abort');
    await scene.result(rollout);
    expect(toldOf(node).filter(({ event }) => event === 'overdue')).toHaveLength(1);
    expect(toldOf(node).filter(({ event }) => event === 'waiting')).toEqual([]);
  });

  test('G9: a policy that is refused is told of, without the secret that was written into it', async () => {
    const good = await readFile(scene.lab.policyPath, 'utf8');
    await writeFile(scene.lab.policyPath, good.replace('${OPS_URL}', 'T0PS3CRETwritten'));
    const told = await until(
      async () => facts().find(({ event }) => event === 'policyRefused'),
      (one) => one !== undefined,
    );
    expect(told?.because).toContain('notifications[0].slack: write ${NAME}');
    await writeFile(scene.lab.policyPath, good);
  });

  test('receivers of one pool are told of nothing else, but of what concerns no pool', async () => {
    const texts = await until(
      async () => ops.bodies,
      (bodies) => bodies.some((body) => body.includes('The policy was refused')),
    );
    expect(texts.filter((body) => /worker-[234]|others/.test(body))).toEqual([]);
    expect(texts.slice(0, 3)).toContain(say('Rebooting node worker-1'));
  });
});

/** Everything a history says, with what stands in its payloads. */
function wordsOf(history: unknown): string {
  return JSON.stringify(history, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
  );
}

test('no secret stands in any history, in any log or in what is shown of workflows', async () => {
  const { client, lab } = scene;
  const texts = new Map<string, string>();
  for await (const { workflowId, runId } of client.workflow.list()) {
    const handle = client.workflow.getHandle(workflowId, runId);
    texts.set(`history of ${workflowId}`, wordsOf(await handle.fetchHistory()));
    texts.set(`description of ${workflowId}`, wordsOf((await handle.describe()).raw));
  }
  const files = await readdir(lab.cluster.logsDir, { withFileTypes: true, recursive: true });
  for (const file of files.filter((entry) => entry.isFile())) {
    texts.set(file.name, await readFile(join(file.parentPath, file.name), 'utf8'));
  }
  // What is searched is what matters: the names of receivers are there, and so are their failures.
  const all = [...texts.values()].join('\n');
  expect(all).toContain('slack ${HANGING_URL}: no answer within 10s');
  expect(all).toContain('slack ${DEAD_URL}: connect ECONNREFUSED');
  expect(texts.get('worker.log')).toContain('receiver not notified');
  expect([...texts.keys()]).toContain('history of notify/node/worker-1');
  const found = [...texts].filter(([, text]) => text.includes('T0PS3CRET')).map(([where]) => where);
  expect(found).toEqual([]);
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { ANNOTATION, writeAnswer, writeOrder } from '../../domain/node-contract.ts';
import type { RebootOrder } from '../../domain/node-contract.ts';
import { openAgentScene, type AgentNode, type AgentScene } from './agent-scene.ts';
import { eventually } from './eventually.ts';
import { lab } from './lab.ts';

let scene: AgentScene;
let node: AgentNode;

beforeAll(async () => {
  scene = await openAgentScene(lab());
});
afterAll(async () => {
  await scene.close();
});

const RUN = 'node-rollout/test/run-1';
const anOrder = (over: Partial<RebootOrder> = {}): RebootOrder => ({
  bootId: node.host.boot,
  rollout: RUN,
  expiresAtMs: Date.now() + 60_000,
  ...over,
});
const accepted = { rollout: RUN, verdict: 'accepted', because: '', atMs: Date.now() } as const;
const answered = async (on: AgentNode = node) =>
  eventually(async () => (await on.answer()) ?? false);

describe('an order', () => {
  beforeEach(async () => {
    node = await scene.addNode();
  });
  afterEach(async () => {
    await node.stop();
    await scene.witness.assertClean();
  });

  test('is answered, and the sentinel reported, also where the host has far too much to say', async () => {
    node.host.sentinel = { wants: 'required', message: 'x'.repeat(5_000) };
    node.host.beforeReboot = () => {
      throw new Error('y'.repeat(5_000));
    };
    node.start();
    await node.order(writeOrder(anOrder()));
    await eventually(async () => (await node.answer())?.because.includes('yyy') ?? false);
    await eventually(async () => (await node.condition())?.message === 'x'.repeat(1_024));
  });

  test('G4: is accepted on the node before it is obeyed, and obeyed once', async () => {
    const { host } = node;
    let standing: string | undefined;
    host.beforeReboot = async () => {
      standing = (await node.answer())?.verdict;
    };
    node.start();
    await node.order(writeOrder(anOrder()));
    await eventually(() => host.rebooted === 1);
    await eventually(() => standing !== undefined);
    expect(standing).toBe('accepted');
    await node.judged(() => node.order(writeOrder(anOrder({ expiresAtMs: Date.now() + 90_000 }))));
    expect(host.rebooted).toBe(1);
  });

  test('G4: is not obeyed again when it is replayed after the reboot', async () => {
    const { host } = node;
    const order = writeOrder(anOrder());
    node.start();
    await node.order(order);
    await eventually(() => host.rebooted === 1);
    await node.stop();
    host.boot = 'the-next-boot';
    // As found: the order, with the answer of the boot before.
    await node.judged(async () => node.start());
    // As restored from a copy: the order alone.
    await node.annotate({ [ANNOTATION.order]: null, [ANNOTATION.answer]: null });
    await node.order(order);
    expect(await answered()).toMatchObject({
      verdict: 'refused',
      because: expect.stringContaining('but boot the-next-boot is running'),
    });
    expect(host.rebooted).toBe(1);
  });

  test('G4: for one node is obeyed by no other, wherever it is written', async () => {
    const other = await scene.addNode();
    other.start();
    await eventually(() => other.condition());
    // On its own node, whose agent is away; and on the other one's object.
    await node.order(writeOrder(anOrder()));
    await other.order(writeOrder(anOrder()));
    expect(await answered(other)).toMatchObject({ verdict: 'refused' });
    expect(other.host.rebooted).toBe(0);
    expect(await node.answer()).toBeUndefined();
  });

  test('G4: withdrawn in the moment of its acceptance is not obeyed', async () => {
    const { host } = node;
    await node.order(writeOrder(anOrder()));
    let withdrawn = false;
    // The agent has seen the order and is about to judge it.
    host.beforeBootId = async () => {
      if (!withdrawn) await node.order(null);
      withdrawn = true;
    };
    node.start();
    await eventually(() => host.asked >= 2);
    expect(await node.answer()).toBeUndefined();
    expect(host.rebooted).toBe(0);
  });

  test('G4: accepted by an agent that then died is obeyed by the next one, in the same boot', async () => {
    const order = anOrder();
    await node.annotate({
      [ANNOTATION.order]: writeOrder(order),
      [ANNOTATION.answer]: writeAnswer({ ...accepted, bootId: order.bootId }),
    });
    node.start();
    await eventually(() => node.host.rebooted === 1);
  });

  test('G4: accepted, but now expired, is not obeyed any more, and people see why', async () => {
    const order = anOrder({ expiresAtMs: Date.now() - 1 });
    const answer = writeAnswer({ ...accepted, bootId: order.bootId });
    await node.annotate({ [ANNOTATION.order]: writeOrder(order), [ANNOTATION.answer]: answer });
    node.start();
    const said = await eventually(async () => {
      const standing = await node.answer();
      return standing !== undefined && standing.because !== accepted.because && standing;
    });
    expect(said).toEqual({
      ...accepted,
      bootId: order.bootId,
      because: expect.stringContaining('reboot the machine by hand'),
    });
    expect(node.host.rebooted).toBe(0);
  });

  test('G4: is tried again while it lasts when the reboot fails, and people see why', async () => {
    const { host } = node;
    host.beforeReboot = () => {
      if (host.rebooted < 3) throw new Error('the bus is full');
    };
    node.start();
    await node.order(writeOrder(anOrder()));
    await eventually(() => host.rebooted === 3);
    expect(await node.answer()).toMatchObject({
      verdict: 'accepted',
      because: expect.stringContaining('the bus is full'),
    });
  });

  test('G4: is not tried again after it has expired', async () => {
    const { host } = node;
    host.beforeReboot = () => {
      throw new Error('never');
    };
    node.start();
    const order = anOrder({ expiresAtMs: Date.now() + 1_500 });
    await node.order(writeOrder(order));
    await eventually(() => host.rebooted > 1);
    await eventually(() => Date.now() > order.expiresAtMs + 100);
    const tried = host.rebooted;
    await node.judged(() =>
      node.annotate({ [ANNOTATION.answer]: writeAnswer({ ...accepted, bootId: host.boot }) }),
    );
    expect(host.rebooted).toBe(tried);
  });
});

describe('a report', () => {
  beforeEach(async () => {
    node = await scene.addNode();
  });

  test('follows the sentinel, and a restarted agent keeps the time since when', async () => {
    node.start();
    await eventually(async () => (await node.condition())?.status === 'False');
    node.host.sentinel = { wants: 'required', message: 'linux-image-6.1' };
    const first = await eventually(async () => {
      const condition = await node.condition();
      return condition?.status === 'True' && condition;
    });
    expect(first).toMatchObject({ reason: 'SentinelPresent', message: 'linux-image-6.1' });
    await node.stop();
    // Times on the wire are whole seconds.
    await eventually(() => Date.now() > Date.parse(first.lastHeartbeatTime) + 2_000);
    node.start();
    const second = await eventually(async () => {
      const condition = await node.condition();
      return (
        condition !== undefined &&
        condition.lastHeartbeatTime !== first.lastHeartbeatTime &&
        condition
      );
    });
    expect(second.lastTransitionTime).toBe(first.lastTransitionTime);
  });

  test('goes on with a new token when the old one is worth nothing', async () => {
    writeFileSync(node.tokenFile, 'worth-nothing');
    node.start();
    await eventually(() => node.warnings.some((warning) => warning.includes('HTTP 401')));
    writeFileSync(node.tokenFile, node.token);
    await eventually(async () => (await node.condition())?.status === 'False');
  });
});

test('G10: an admission policy that is gone is said in the report, until it is back', async () => {
  const kind = 'validatingadmissionpolicybindings';
  const path = `/apis/admissionregistration.k8s.io/v1/${kind}/lockkeeper-agent`;
  const said = async () => (await node.condition())?.message ?? '';
  node = await scene.addNode();
  node.start();
  try {
    await eventually(async () => (await said()) === 'absent');
    await scene.admin.delete(path);
    await eventually(async () =>
      /^absent; the admission policy .* is not in force$/.test(await said()),
    );
    await scene.applyManifests();
    await eventually(async () => (await said()) === 'absent');
  } finally {
    await scene.applyManifests();
    await node.stop();
  }
});

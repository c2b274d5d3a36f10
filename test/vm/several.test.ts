import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import { SlackReceiver } from '../../lab/notify/slack-receiver.ts';
import { SLACK_VARIABLE } from '../../lab/policy.ts';
import { HOST } from '../../lab/vm/join.ts';
import type { Machine } from '../../lab/vm/qemu.ts';
import { machines } from './machines.ts';
import { MachineScene, PACKAGE, PATIENCE_MS, until } from './scene.ts';

/** Two machines: what of one happens to whom, and what becomes of one that goes down when nobody expects it. */

const { run, why, note } = await machines();
const { signal } = new AbortController();
let scene: MachineScene;
let slack: SlackReceiver;
/** The machine that worker and Temporal are on, and the one they are not on. */
let home: Machine;
let away: Machine;

/** That of the chart, told to a Slack on this host, and with less patience for a machine that does not come back. */
const POLICY = {
  scanEvery: '20s',
  notifications: [{ slack: `\${${SLACK_VARIABLE}}` }],
  pools: [
    {
      name: 'workers',
      nodes: '!node-role.kubernetes.io/control-plane',
      maxUnavailable: 1,
      windows: [{ always: true }],
      drain: { timeout: '30m', onTimeout: 'undo' },
      reboot: { orderExpires: '5m', returnWithin: '5m', stableFor: '30s', perDay: 100 },
    },
  ],
};

beforeAll(async () => {
  if (why !== undefined) return;
  slack = await SlackReceiver.start();
  scene = await MachineScene.open('several');
  const both = [await scene.add({ name: 'machine-1' }), await scene.add({ name: 'machine-2' })];
  await scene.deployShop({ replicas: 2, budget: { minAvailable: 1 } });
  const url = slack.url.replace('127.0.0.1', HOST);
  const env = [{ name: SLACK_VARIABLE, value: url }];
  await scene.install({ policy: POLICY, worker: { env } });
  const { spec } = await scene.worker();
  home = both.find(({ name }) => name === spec.nodeName) ?? fail('the worker is nowhere');
  away = both.find(({ name }) => name !== spec.nodeName) ?? fail('there is one machine only');
}, 4 * PATIENCE_MS);
// A test in which a guarantee was broken fails, whatever it looked at itself.
afterEach(async () => scene?.lab.witness.assertClean(), PATIENCE_MS);
afterAll(async () => {
  await slack?.die();
  await scene?.close();
}, PATIENCE_MS);

function fail(words: string): never {
  throw new Error(words);
}

const boots = (machine: Machine): readonly string[] => scene.lab.evidence.bootIds(machine.name);

/** Resolves when the machine runs another boot than that, in service. */
async function backFrom(machine: Machine, boot: string): Promise<void> {
  await scene.lab.evidence.until(
    machine.name,
    'back in service from its reboot',
    ({ bootId, ready, unschedulable, rollout }) =>
      bootId !== boot && ready && !unschedulable && !rollout,
    PATIENCE_MS,
  );
}

run(
  `G1: one after the other, never both, and the one with the worker last${note}`,
  async () => {
    const before = { home: await home.bootId(signal), away: await away.bootId(signal) };
    await home.requireReboot(PACKAGE, signal);
    await away.requireReboot(PACKAGE, signal);
    await backFrom(away, before.away);
    await backFrom(home, before.home);
    expect([boots(away).length, boots(home).length]).toEqual([2, 2]);
    const { timeline } = scene.lab.evidence;
    const first = (machine: Machine, boot: string): number =>
      timeline.findIndex(
        ({ node, bootId }) => node === machine.name && bootId !== '' && bootId !== boot,
      );
    expect(first(away, before.away)).toBeLessThan(first(home, before.home));
    for (const { name } of [away, home])
      expect((await scene.story(name)).result).toMatchObject({ outcome: 'rebooted' });
    await scene.shopReady(2);
  },
  4 * PATIENCE_MS,
);

describe('the power of a machine is cut', () => {
  run(
    `G6: in mid-drain: it comes back by itself, and is handed back as it was${note}`,
    async () => {
      const boot = await away.bootId(signal);
      const count = boots(away).length;
      await scene.shopReady(2);
      const [pod] = await scene.shopOn(away.name);
      await away.requireReboot(PACKAGE, signal);
      await until(
        () => scene.shopOn(away.name),
        (pods) => pods.some(({ metadata }) => metadata.deletionTimestamp !== undefined),
      );
      expect(pod).toBeDefined();
      scene.lab.witness.expectReboot(away.name);
      await away.cutPower();
      await away.powerOn(signal);
      await backFrom(away, boot);
      await scene.shopReady(2);
      expect(boots(away)).toHaveLength(count + 1);
    },
    2 * PATIENCE_MS,
  );

  run(
    `G4: when its reboot is ordered: it is not ordered again${note}`,
    async () => {
      const boot = await away.bootId(signal);
      const count = boots(away).length;
      await away.requireReboot(PACKAGE, signal);
      await until(
        () => scene.answer(away.name),
        (answer) => answer.includes(boot) && answer.includes('accepted'),
      );
      await away.cutPower();
      await away.powerOn(signal);
      await backFrom(away, boot);
      expect((await scene.story(away.name)).result).toMatchObject({ outcome: 'rebooted' });
      expect(boots(away)).toHaveLength(count + 1);
    },
    2 * PATIENCE_MS,
  );
});

run(
  `G5: a machine that does not boot again is lost, its pool halts, people are told; repaired, it finishes by itself${note}`,
  async () => {
    const boot = await away.bootId(signal);
    const homeBoots = boots(home).length;
    await away.breakBoot(signal);
    await away.requireReboot(PACKAGE, signal);
    await until(
      () => scene.events(away.name),
      (events) => events.some((words) => words.startsWith('Lost: ')),
    );
    expect(boots(away).at(-1)).toBe(boot);
    await until(
      async () => slack.bodies,
      (bodies) => bodies.some((body) => body.includes(`Node ${away.name} has not come back`)),
    );
    // Nobody else is begun on.
    await home.requireReboot(PACKAGE, signal);
    await until(
      () => scene.status(),
      (text) => text.includes(`${home.name} `) && text.includes('halted'),
    );
    expect(boots(home)).toHaveLength(homeBoots);

    await away.repair(signal);
    await backFrom(away, boot);
    expect((await scene.story(away.name)).result).toMatchObject({ outcome: 'rebooted' });
    await backFrom(home, boots(home)[homeBoots - 1] ?? '');
    await scene.shopReady(2);
  },
  4 * PATIENCE_MS,
);

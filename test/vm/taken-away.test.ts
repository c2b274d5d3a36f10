import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { KubeError, connectKube } from '../../lab/fleet/kube.ts';
import type { Machine } from '../../lab/vm/qemu.ts';
import { machines } from './machines.ts';
import { AGENT, MachineScene, PACKAGE, PATIENCE_MS, until, WORKER } from './scene.ts';

/**
 * What the other tests here rest on: with one of these parts taken away from what is shipped, a machine is not rebooted, or whoever
 * has taken over an agent can do what he must not.
 */

const { run, why, note } = await machines();
const NODE = 'machine-1';
const { signal } = new AbortController();
let scene: MachineScene;
let machine: Machine;

beforeAll(async () => {
  if (why !== undefined) return;
  scene = await MachineScene.open('taken-away');
  machine = await scene.add({ name: NODE });
  await scene.install();
}, 3 * PATIENCE_MS);
afterAll(async () => scene?.close(), PATIENCE_MS);

const BINDING =
  '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/lockkeeper-agent';

/** Whoever has root on the machine has the token of the agent there. */
async function tokenOfAgent(): Promise<string> {
  const [pod] = await scene.agents();
  const volumes = `/var/lib/kubelet/pods/${pod?.metadata.uid}/volumes`;
  return machine.guest.run(`cat ${volumes}/kubernetes.io~projected/*/token`, signal);
}

/** What becomes of an attempt to say of the node what only others may. */
async function pretend(token: string): Promise<string> {
  const kube = connectKube(scene.lab.cluster, token);
  // Different each time: what changes nothing is nobody's to forbid.
  const conditions = [{ type: 'PretendedByAnAgent', status: 'True', message: randomUUID() }];
  try {
    await kube.patch(`/api/v1/nodes/${NODE}/status`, 'strategic', { status: { conditions } });
    return 'accepted';
  } catch (error) {
    if (error instanceof KubeError) return error.message;
    throw error;
  } finally {
    kube.close();
  }
}

const FORBIDDEN = /an agent may change no condition of its node but RebootRequired/;

describe('the admission policy', () => {
  run(
    `keeps the token of a real agent from writing another condition; without it nothing does${note}`,
    async () => {
      const token = await tokenOfAgent();
      expect(await pretend(token)).toMatch(FORBIDDEN);
      await scene.lab.kube.delete(BINDING);
      await until(
        () => pretend(token),
        (answer) => answer === 'accepted',
      );
      await scene.upgrade();
      await until(
        () => pretend(token),
        (answer) => FORBIDDEN.test(answer),
      );
    },
    2 * PATIENCE_MS,
  );
});

describe('the host path', () => {
  run(
    `without it the agent does not see what its host asks for${note}`,
    async () => {
      const sentinel = { name: 'sentinel', hostPath: null, emptyDir: {} };
      await scene.changePods(AGENT, { volumes: [sentinel] });
      await scene.rolledOut(AGENT);
      await machine.requireReboot(PACKAGE, signal);
      // What is reported next may have been looked at before.
      for (let reports = 0; reports < 2; reports += 1) {
        const { lastHeartbeatTime } = await scene.condition(NODE, 'RebootRequired', () => true);
        const next = await scene.condition(
          NODE,
          'RebootRequired',
          (now) => now.lastHeartbeatTime !== lastHeartbeatTime,
        );
        expect(next).toMatchObject({ status: 'False', reason: 'SentinelAbsent' });
      }
      await machine.guest.run('rm /run/reboot-required /run/reboot-required.pkgs', signal);
      await scene.upgrade();
    },
    2 * PATIENCE_MS,
  );
});

describe('the user, and the tolerations', () => {
  run(
    `without the one the reboot cannot be started, without the others the worker of the only node stays away; with both it reboots${note}`,
    async () => {
      const boot = await machine.bootId(signal);
      const nobody = { runAsUser: 65532, runAsGroup: 65532 };
      await scene.changePods(AGENT, { containers: [{ name: 'agent', securityContext: nobody }] });
      await scene.rolledOut(AGENT);
      await machine.requireReboot(PACKAGE, signal);
      const answer = await until(
        () => scene.answer(NODE),
        (text) => text.includes('cannot be started'),
      );
      expect(answer).toMatch(/EPERM/);

      await scene.changePods(WORKER, { tolerations: null });
      const lonely = await until(
        () => scene.worker(),
        ({ spec, status }) =>
          spec.nodeName === undefined &&
          (status.conditions ?? []).some(({ reason }) => reason === 'Unschedulable'),
      );
      expect(JSON.stringify(lonely.status.conditions)).toMatch(/unschedulable/);
      expect(await machine.bootId(signal)).toBe(boot);

      await scene.upgrade();
      await scene.lab.evidence.until(
        NODE,
        'back in service from its reboot',
        ({ bootId, ready, unschedulable }) => bootId !== boot && ready && !unschedulable,
        2 * PATIENCE_MS,
      );
      expect((await scene.story(NODE)).result).toMatchObject({ outcome: 'rebooted' });
    },
    4 * PATIENCE_MS,
  );
});

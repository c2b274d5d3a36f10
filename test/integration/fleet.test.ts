import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Cluster } from '../../lab/cluster/contract.ts';
import { startCluster } from '../../lab/cluster/start.ts';
import { startFleet, type Fleet } from '../../lab/fleet/fleet.ts';
import { hasFile } from '../../lab/fleet/node-files.ts';
import { WORKLOADS_NAMESPACE } from '../../lab/fleet/workloads.ts';
import { ensureTools } from '../../lab/tools/ensure.ts';
import { until } from '../ask.ts';
import { processesOf } from './lab.ts';

const never = new AbortController().signal;
const quiet = () => undefined;

let dir: string;
let cluster: Cluster;
let fleet: Fleet;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lockkeeper-fleet-test-'));
  const tools = await ensureTools({ log: quiet, signal: never });
  cluster = await startCluster({ dir, tools, log: quiet, signal: never, ui: false });
  fleet = await startFleet(cluster, { nodes: 6, downForMs: 1_000, podsPerNode: 1, log: quiet });
}, 1_800_000);

afterAll(async () => {
  await fleet.stop();
  await cluster.stop();
  await rm(dir, { recursive: true, force: true });
});

/** The states a node went through, without times. */
function storyOf(node: string): string[] {
  const [first] = fleet.bootIds(node);
  return fleet.evidence.timeline
    .filter((seen) => seen.node === node && seen.bootId !== '')
    .map(({ ready, bootId }) =>
      [ready ? 'Ready' : 'NotReady', bootId === first ? 'first boot' : 'next boot'].join(', '),
    );
}

const untilRebooted = (node: string) =>
  fleet.evidence.until(node, 'in its second boot', () => fleet.bootIds(node).length === 2);

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: {
      readonly conditions: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

async function daemonPodsReady(node: string): Promise<boolean[]> {
  const query = new URLSearchParams({
    fieldSelector: `spec.nodeName=${node}`,
    labelSelector: 'app=logs',
  });
  const path = `/api/v1/namespaces/${WORKLOADS_NAMESPACE}/pods?${query.toString()}`;
  const { items } = await fleet.kube.get<Pods>(path);
  return items.map(({ status }) =>
    status.conditions.some(({ type, status: word }) => type === 'Ready' && word === 'True'),
  );
}

describe('a machine told to reboot', () => {
  const node = 'worker-1';

  test('has asked for it through its agent, with the packages as the reason', async () => {
    await fleet.machine(node).requireReboot(['linux-image-6.12.57', 'libc6']);
    const facts = await fleet.evidence.until(
      node,
      'asking for a reboot',
      ({ report }) => report?.wants === 'required',
    );
    expect(facts.report?.message).toBe('linux-image-6.12.57, libc6');
  });

  test('goes NotReady, then is Ready in a new boot, without its sentinel', async () => {
    await fleet.machine(node).reboot();
    await untilRebooted(node);
    expect(storyOf(node)).toEqual([
      'Ready, first boot',
      'NotReady, first boot',
      'Ready, next boot',
    ]);
    expect(await hasFile(fleet.machine(node).files.sentinel)).toBe(false);
  });

  test('has its DaemonSet pods Ready again', async () => {
    expect(await daemonPodsReady(node)).toEqual([true]);
  });

  test('has its agent back, which reports that nothing asks for a reboot', async () => {
    const bootedAtMs = fleet.evidence.node(node)?.readySinceMs ?? Number.POSITIVE_INFINITY;
    const facts = await fleet.evidence.until(
      node,
      'heard since its boot',
      ({ report }) => report?.wants === 'not-required' && report.heardAtMs >= bootedAtMs,
    );
    expect(facts.report?.message).toContain('is absent');
    expect(fleet.agent(node).running).toBe(true);
  });

  test('was the only one', () => {
    expect(fleet.nodes.map((name) => fleet.bootIds(name).length)).toEqual([2, 1, 1, 1, 1, 1]);
  });
});

describe('the token of an agent', () => {
  test('is replaced when its pod is, and the agent goes on with the new one', async () => {
    const { token } = fleet.machine('worker-6').files;
    const before = await readFile(token, 'utf8');
    const { namespace, labelSelector } = fleet.manifests.agent;
    const query = new URLSearchParams({ labelSelector, fieldSelector: 'spec.nodeName=worker-6' });
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const { items } = await fleet.kube.get<Pods>(`${pods}?${query.toString()}`);
    await fleet.kube.delete(`${pods}/${items[0]?.metadata.name}`);
    await until(
      () => readFile(token, 'utf8'),
      (now) => now !== before,
    );
    await fleet.machine('worker-6').requireReboot(['after-the-new-pod']);
    await fleet.evidence.until(
      'worker-6',
      'reporting with its new token',
      (facts) => facts.report?.message === 'after-the-new-pod',
    );
  });
});

describe('a machine with a fault', () => {
  test('same-boot-id: goes and comes back, but shows the same boot and still asks', async () => {
    const machine = fleet.machine('worker-2');
    await machine.requireReboot();
    machine.setFault({ kind: 'same-boot-id' });
    await machine.reboot();
    expect(storyOf('worker-2')).toEqual([
      'Ready, first boot',
      'NotReady, first boot',
      'Ready, first boot',
    ]);
    expect(await hasFile(machine.files.sentinel)).toBe(true);
    expect(fleet.agent('worker-2').running).toBe(true);
  });

  test('sentinel-stays: has a new boot and asks again', async () => {
    const machine = fleet.machine('worker-3');
    await machine.requireReboot();
    machine.setFault({ kind: 'sentinel-stays' });
    await machine.reboot();
    await untilRebooted('worker-3');
    expect(await hasFile(machine.files.sentinel)).toBe(true);
  });

  test('late: is back only after the extra time', async () => {
    const machine = fleet.machine('worker-4');
    machine.setFault({ kind: 'late', byMs: 2_000 });
    await machine.reboot();
    await untilRebooted('worker-4');
    const [left, back] = fleet.evidence.timeline
      .filter((seen) => seen.node === 'worker-4')
      .slice(-2);
    expect((back?.atMs ?? 0) - (left?.atMs ?? 0)).toBeGreaterThan(2_500);
  });

  test('never-returns: stays NotReady without an agent until it is powered on', async () => {
    const machine = fleet.machine('worker-5');
    machine.setFault({ kind: 'never-returns' });
    const back = machine.reboot();
    await fleet.evidence.until('worker-5', 'NotReady', ({ ready }) => !ready);
    expect(fleet.agent('worker-5').running).toBe(false);
    // Longer than a healthy machine is away.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(fleet.evidence.node('worker-5')?.ready).toBe(false);
    machine.powerOn();
    await back;
    await untilRebooted('worker-5');
  });
});

describe('stop', () => {
  test('leaves no process', async () => {
    expect(processesOf(dir)).not.toEqual([]);
    await fleet.stop();
    await cluster.stop();
    expect(processesOf(dir)).toEqual([]);
  });
});

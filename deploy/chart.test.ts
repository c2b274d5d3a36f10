import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  OTHER_REBOOT_SIGNALS,
  OTHER_REBOOTS,
  SOFT_REBOOT_SIGNALS,
  SOFT_REBOOTS,
} from '../agent/soft-reboot.fixture.ts';
import type { KubeObject } from '../lab/fleet/kube.ts';
import { parseObjects } from '../lab/fleet/manifests.ts';
import { Chart, VARIANTS, type Values } from './chart.fixture.ts';
import { helm } from './helm.ts';

/** What belongs together in the objects of the chart; test/integration/chart.test.ts has the API server's word on them. */

let chart: Chart;
beforeAll(async () => {
  chart = await Chart.open((line) => void process.stderr.write(`[chart] ${line}\n`));
}, 1_800_000);
afterAll(() => chart.close());

interface Container {
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly ports?: readonly { readonly name: string }[];
}
interface Pod {
  readonly tolerations?: readonly object[];
  readonly volumes?: readonly { readonly name: string }[];
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
}
interface Workload extends KubeObject {
  readonly spec: {
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: Pod;
    };
  };
}

/** The worker is one of two kinds: with a Temporal of its own in its pod, or without. */
const WORKER = 'StatefulSet|Deployment';

const find = (objects: readonly KubeObject[], kinds: string): Workload | undefined =>
  objects.find(({ kind }) => kinds.split('|').includes(kind)) as Workload | undefined;
const podOf = (objects: readonly KubeObject[], kinds: string): Pod | undefined =>
  find(objects, kinds)?.spec.template.spec;
const allContainers = ({ initContainers = [], containers }: Pod) => [
  ...initContainers,
  ...containers,
];

/** Variables with the path of a file that is in no mount of the container; an image has none of them. */
function unmounted(pod: Pod): string[] {
  return allContainers(pod).flatMap(({ env = [], volumeMounts = [] }) =>
    env
      .filter(({ value = '' }) => /^\/(etc|var)\//.test(value))
      .filter(
        ({ value = '' }) =>
          !volumeMounts.some(({ mountPath }) => value.startsWith(`${mountPath}/`)),
      )
      .map(({ name }) => name),
  );
}

const valueOf = (pod: Pod | undefined, name: string): string =>
  pod?.containers[0]?.env?.find((one) => one.name === name)?.value ?? '';
const names = (list: readonly { readonly name: string }[] = []): string[] =>
  list.map(({ name }) => name).toSorted();

describe.each(VARIANTS)('with $name', ({ values }) => {
  let objects: KubeObject[];
  beforeAll(async () => {
    objects = await chart.render(values);
  });

  test.each([WORKER, 'Job'])('every file that the %s is told of is mounted', (kind) => {
    const pod = podOf(objects, kind);
    if (pod === undefined) {
      expect([kind, values['uninstall']]).toEqual(['Job', { cleanUp: false }]);
      return;
    }
    expect(unmounted(pod)).toEqual([]);
    const mounts = allContainers(pod).flatMap(({ volumeMounts = [] }) => names(volumeMounts));
    const claims = find(objects, kind)?.spec.volumeClaimTemplates ?? [];
    const volumes = [...names(pod.volumes), ...claims.map(({ metadata }) => metadata.name)];
    expect([...new Set(mounts)].toSorted()).toEqual(volumes.toSorted());
  });
});

describe('a worker', () => {
  const selector = {
    matchLabels: {
      'app.kubernetes.io/name': 'lockkeeper',
      'app.kubernetes.io/component': 'worker',
    },
  };

  test('with a Temporal elsewhere is two, on nodes that are not the same where that can be', async () => {
    const values = { temporal: { address: 'temporal.example:7233' } };
    const spread = {
      labelSelector: selector,
      topologyKey: 'kubernetes.io/hostname',
      maxSkew: 1,
      whenUnsatisfiable: 'ScheduleAnyway',
    };
    expect(find(await chart.render(values), WORKER)).toMatchObject({
      kind: 'Deployment',
      spec: { replicas: 2, selector, template: { spec: { topologySpreadConstraints: [spread] } } },
    });
  });

  test('with a Temporal of its own is one, whatever else is asked, and all of it listens on the loopback', async () => {
    const values = { worker: { replicas: 3 }, temporal: { embedded: { ui: { enabled: true } } } };
    const objects = await chart.render(values);
    expect(find(objects, WORKER)).toMatchObject({
      kind: 'StatefulSet',
      spec: { replicas: 1, selector, template: { metadata: { labels: selector.matchLabels } } },
    });
    const containers = podOf(objects, WORKER)?.containers ?? [];
    expect(containers.map(({ name }) => name)).toEqual(['worker', 'temporal', 'ui']);
    const [worker, temporal, ui] = containers;
    expect(worker?.env).toContainEqual({ name: 'TEMPORAL_ADDRESS', value: '127.0.0.1:7233' });
    expect(temporal?.env).toContainEqual({ name: 'BIND_ON_IP', value: '127.0.0.1' });
    expect([temporal?.ports, ui?.ports]).toEqual([undefined, undefined]);
    const config = objects.find(({ metadata }) => metadata.name === 'lockkeeper-temporal');
    expect(config).toMatchObject({
      data: { 'ui.yaml': expect.stringMatching(/^host: 127\.0\.0\.1$/m) },
    });
  });
});

test.each([
  { apiKey: { secret: 'cloud' } },
  { tls: { enabled: true } },
  { tls: { caSecret: 'ca' } },
])('G9: Helm refuses ways to a Temporal that is not named: %j', async (temporal) => {
  await expect(chart.render({ temporal })).rejects.toThrow(/give temporal.address as well/);
});

test.each([
  { sentinel: { command: 'true | false' } },
  { sentinel: { command: 'true $REBOOT' } },
  { sentinel: { command: 'true ~/reboot*' } },
  { reboot: { method: 'command', command: 'sync; reboot' } },
])('G9: Helm refuses a command that wants a shell, and takes it with one: %j', async (agent) => {
  await expect(chart.render({ agent })).rejects.toThrow(/command.* does not match pattern/);
  const inShell = JSON.stringify(agent).replace(/(true [^"]*|sync[^"]*)/, "sh -c '$1'");
  await expect(chart.render({ agent: JSON.parse(inShell) })).resolves.not.toEqual([]);
});

const byCommand = (command: string) => ({ agent: { reboot: { method: 'command', command } } });
const bySignal = (signal: number) => ({ agent: { reboot: { method: 'signal', signal } } });

test.each([
  ...SOFT_REBOOTS.map((command) => byCommand(command)),
  ...SOFT_REBOOT_SIGNALS.map((signal) => bySignal(signal)),
])('G3: Helm refuses a soft reboot, which keeps the boot id: %j', async (values) => {
  const said = /agent\.reboot\.(command|signal) is a soft reboot, which keeps .* boot id/;
  await expect(chart.render(values)).rejects.toThrow(said);
});

test.each([
  ...OTHER_REBOOTS.map((command) => byCommand(command)),
  ...OTHER_REBOOT_SIGNALS.map((signal) => bySignal(signal)),
])('Helm takes a reboot after which the boot id is another one: %j', async (values) => {
  await expect(chart.render(values)).resolves.not.toEqual([]);
});

test('what docs/install.md renders for kubectl has the Temporal that it names, and nothing that uninstalls', async () => {
  const install = readFileSync(new URL('../docs/install.md', import.meta.url), 'utf8');
  const [, words = ''] = /^helm (template [^|]*)\|/m.exec(install) ?? [];
  const args = words.replaceAll('\\\n', ' ').trim().split(/\s+/);
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const objects = parseObjects(await helm(chart.program, args, { cwd }), words);
  expect(objects.map(({ kind }) => kind)).not.toContain('Job');
  expect(objects.map(({ kind }) => kind)).toContain('Namespace');
  const address = valueOf(podOf(objects, 'Deployment'), 'TEMPORAL_ADDRESS');
  expect(address).toBe('temporal.example.org:7233');
});

test('what uninstalls stays on a node that is drained, as the worker does, and is known to it', async () => {
  const more = { key: 'dedicated', operator: 'Exists' };
  const objects = await chart.render({ worker: { tolerations: [more] } });
  const [worker, job] = [podOf(objects, WORKER), podOf(objects, 'Job')];
  expect(job?.tolerations).toEqual(worker?.tolerations);
  expect(job?.tolerations).toContainEqual(more);
  const [, uninstall] = /,(Job\/.+)$/.exec(valueOf(worker, 'LOCKKEEPER_WORKLOAD')) ?? [];
  expect(uninstall).toBe(`Job/${find(objects, 'Job')?.metadata.name}`);
});

describe('what Prometheus is told to scrape', () => {
  interface PodMonitor extends KubeObject {
    readonly spec: {
      readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
      readonly podMetricsEndpoints: readonly { readonly port: string }[];
    };
  }

  test.each([true, false])('is there, with metrics.temporal: %s', async (temporal) => {
    const objects = await chart.render({ metrics: { temporal, podMonitor: { enabled: true } } });
    const { spec } = objects.find(({ kind }) => kind === 'PodMonitor') as PodMonitor;
    const { metadata, spec: pod } = (find(objects, WORKER) as Workload).spec.template;
    expect(metadata.labels).toMatchObject(spec.selector.matchLabels);
    expect(Object.keys(spec.selector.matchLabels)).not.toEqual([]);
    const agents = objects.find(({ kind }) => kind === 'DaemonSet') as Workload;
    expect(agents.spec.template.metadata.labels).not.toMatchObject(spec.selector.matchLabels);
    const scraped = spec.podMetricsEndpoints.map(({ port }) => port);
    expect(scraped).toEqual(names(pod.containers[0]?.ports));
    expect(scraped).toHaveLength(temporal ? 2 : 1);
  });
});

describe('the keys of payloads', () => {
  const values: Values = { temporal: { encryption: { keySecret: 'payload-keys', key: '2027' } } };

  test.each([WORKER, 'Job'])('reach the %s from the Secret that is named', async (kind) => {
    const pod = podOf(await chart.render(values), kind);
    const file = { name: 'LOCKKEEPER_PAYLOAD_KEY_FILE', value: '/etc/lockkeeper-keys/2027' };
    expect(pod?.containers[0]?.env).toContainEqual(file);
    expect(pod?.volumes).toContainEqual({
      name: 'payload-keys',
      secret: { secretName: 'payload-keys', items: [{ key: '2027', path: '2027' }] },
    });
  });
});

const egress = (port: number) => [
  { to: [{ ipBlock: { cidr: '10.0.0.1/32' } }], ports: [{ port }] },
];

test('G10: agents and workers go where they are let, once that is said', async () => {
  const networkPolicy = { egress: { agent: egress(6443), worker: egress(7233) } };
  const objects = await chart.render({ networkPolicy });
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
  expect(policies).toMatchObject([
    { spec: { policyTypes: ['Ingress', 'Egress'], egress: egress(6443) } },
    { spec: { policyTypes: ['Ingress', 'Egress'], egress: egress(7233) } },
  ]);
});

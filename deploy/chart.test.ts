import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../lab/fleet/kube.ts';
import { Chart, VARIANTS, type Values } from './chart.fixture.ts';

/** What belongs together in the objects of the chart; test/integration/chart.test.ts has the API server's word on them. */

let chart: Chart;
beforeAll(async () => {
  chart = await Chart.open((line) => void process.stderr.write(`[chart] ${line}\n`));
}, 1_800_000);
afterAll(() => chart.close());

interface Pod {
  readonly volumes?: readonly { readonly name: string }[];
  readonly containers: readonly {
    readonly env?: readonly { readonly name: string; readonly value?: string }[];
    readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
    readonly ports?: readonly { readonly name: string }[];
  }[];
}
interface Workload extends KubeObject {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: Pod;
    };
  };
}

const podOf = (objects: readonly KubeObject[], kind: string): Pod | undefined =>
  (objects.find((object) => object.kind === kind) as Workload | undefined)?.spec.template.spec;

/** Variables with the path of a file that is in no mount of the container; an image has none of them. */
function unmounted({ containers }: Pod): string[] {
  return containers.flatMap(({ env = [], volumeMounts = [] }) =>
    env
      .filter(({ value = '' }) => value.startsWith('/etc/'))
      .filter(
        ({ value = '' }) =>
          !volumeMounts.some(({ mountPath }) => value.startsWith(`${mountPath}/`)),
      )
      .map(({ name }) => name),
  );
}

const names = (list: readonly { readonly name: string }[] = []): string[] =>
  list.map(({ name }) => name).toSorted();

describe.each(VARIANTS)('with $name', ({ values }) => {
  let objects: KubeObject[];
  beforeAll(async () => {
    objects = await chart.render(values);
  });

  test.each(['Deployment', 'Job'])('every file that the %s is told of is mounted', (kind) => {
    const pod = podOf(objects, kind);
    if (pod === undefined) {
      expect([kind, values['uninstall']]).toEqual(['Job', { cleanUp: false }]);
      return;
    }
    expect(unmounted(pod)).toEqual([]);
    expect(names(pod.containers[0]?.volumeMounts)).toEqual(names(pod.volumes));
  });
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
    const deployment = objects.find(({ kind }) => kind === 'Deployment') as Workload;
    const { metadata, spec: pod } = deployment.spec.template;
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

  test.each(['Deployment', 'Job'])('reach the %s from the Secret that is named', async (kind) => {
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

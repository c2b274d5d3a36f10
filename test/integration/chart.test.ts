import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readConfig } from '../../agent/config.ts';
import { Chart, pool, VARIANTS, type Values } from '../../deploy/chart.fixture.ts';
import { CHART, MANIFESTS, renderManifests } from '../../deploy/helm.ts';
import { documentedPermissions, permissionsOf } from '../../deploy/permissions.ts';
import { readPolicy } from '../../domain/policy-text.ts';
import { applyObjects } from '../../lab/fleet/apply.ts';
import { environmentOf } from '../../lab/fleet/container.ts';
import { connectKube, type Kube, type KubeObject } from '../../lab/fleet/kube.ts';
import { manifestsOf, parseObjects, podSpecOf } from '../../lab/fleet/manifests.ts';
import { until } from '../ask.ts';
import { lab } from './lab.ts';
import { OPERATOR_DEFINITIONS } from './prometheus-operator.ts';

/** The chart as Helm renders it, before a real API server. */

const log = (line: string): void => void process.stderr.write(`[chart] ${line}\n`);
let chart: Chart;
let kube: Kube;
const render = (values: Values | string) => chart.render(values);

beforeAll(async () => {
  chart = await Chart.open(log);
  kube = connectKube(lab(), lab().adminToken);
  await applyObjects(kube, OPERATOR_DEFINITIONS);
  const group = '/apis/monitoring.coreos.com/v1';
  await until(
    () => kube.get<{ resources: readonly object[] }>(group).catch(() => undefined),
    (found) => found?.resources.length === OPERATOR_DEFINITIONS.length,
  );
  // What is rendered later is judged beside what is there already.
  await applyObjects(kube, parseObjects(readFileSync(MANIFESTS, 'utf8'), MANIFESTS));
}, 1_800_000);
afterAll(async () => {
  kube.close();
  await chart.close();
});

describe.each(VARIANTS)('the chart with $name', ({ values }) => {
  test('passes helm lint', async () => {
    expect(await chart.helm('lint', values)).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  test('is taken by the API server, field by field', async () => {
    const objects = await render(values);
    expect(objects.length).toBeGreaterThan(10);
    await applyObjects(kube, objects.map(asAnother), { dryRun: true });
  });
});

/** The claims of a StatefulSet that is there cannot be changed. */
const asAnother = (object: KubeObject): KubeObject =>
  object.kind === 'StatefulSet'
    ? { ...object, metadata: { ...object.metadata, name: 'another' } }
    : object;

interface PendingPod extends KubeObject {
  readonly spec: { readonly nodeSelector: Readonly<Record<string, string>> };
  readonly status: { readonly phase: string };
}

test('G7: a worker that never became ready is replaced once its template is mended', async () => {
  const path = '/api/v1/namespaces/lockkeeper/pods/another-0';
  // There is no such place, so its pod stays Pending.
  const sentTo = async (place: string): Promise<string | undefined> => {
    const objects = await render({ worker: { nodeSelector: { place } } });
    await applyObjects(kube, objects.filter(({ kind }) => kind === 'StatefulSet').map(asAnother));
    const pod = await until(
      async () => {
        const made = await kube.get<PendingPod>(path).catch(() => undefined);
        return { uid: made?.metadata.uid, phase: made?.status.phase, ...made?.spec.nodeSelector };
      },
      (made) => 'place' in made && made['place'] === place,
    );
    expect(pod.phase).toBe('Pending');
    return pod.uid;
  };
  const stuck = await sentTo('nowhere');
  expect(await sentTo('elsewhere')).not.toBe(stuck);
});

/** Each command of the `temporal` CLI, in one line. */
async function temporalIn(values: Values): Promise<string[]> {
  const notes = (await chart.notes(values, lab().kubeconfigPath)).replaceAll(/\\\n\s*/g, '');
  return notes.match(/\btemporal (workflow|schedule) .*/g) ?? [];
}

const notesOf = (temporal: Values): Promise<string> =>
  chart.notes({ temporal }, lab().kubeconfigPath);

describe('what helm says to do next', () => {
  const ELSEWHERE = 'temporal.example:7233';

  test.each([ELSEWHERE, ''])(
    'what is asked of Temporal is asked in its namespace: "%s"',
    async (address) => {
      const commands = await temporalIn({ temporal: { address, namespace: 'nodes' } });
      expect(commands).toHaveLength(2);
      for (const command of commands) expect(command).toMatch(/ --namespace nodes( |$)/);
      const usual = await temporalIn({ temporal: { address } });
      expect(usual).toHaveLength(2);
      expect(usual.join()).not.toContain('--namespace');
    },
  );

  test('G8: the view of the Web UI is that of the documentation, where there is one', async () => {
    const [, view = 'none'] =
      /8233\/namespaces\/default(\/workflows[^)]+)/.exec(
        readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8'),
      ) ?? [];
    const ui = { enabled: true };
    const own = await notesOf({ embedded: { ui } });
    expect(own).toContain(`http://127.0.0.1:8233/namespaces/default${view}\n`);
    expect(await notesOf({ address: ELSEWHERE, namespace: 'nodes' })).toContain(
      `your Web UI, then /namespaces/nodes${view}\n`,
    );
    expect(await notesOf({ embedded: { ui: { enabled: false } } })).not.toContain(
      '/workflows?query',
    );
  });

  test.each([
    { temporal: {}, words: '--agent keeper-agent --temporal-pod keeper-worker-0' },
    {
      temporal: { namespace: 'nodes' },
      words: 'TEMPORAL_NAMESPACE=nodes lockkeeper uninstall',
    },
    { temporal: { address: ELSEWHERE }, words: '--agent keeper-agent, then helm uninstall' },
  ])(
    'the way to take it away by hand leads to its Temporal: $temporal',
    async ({ temporal, words }) => {
      const values = { temporal, fullnameOverride: 'keeper', uninstall: { cleanUp: false } };
      expect(await chart.notes(values, lab().kubeconfigPath)).toContain(words);
    },
  );
});

test('a PodMonitor with a field that the operator does not know is not taken', async () => {
  const values = { metrics: { podMonitor: { enabled: true } } };
  const found = (await render(values)).filter(({ kind }) => kind === 'PodMonitor');
  const wrong = found.map((monitor) => ({ ...monitor, spec: { slector: {} } }));
  expect(wrong).toHaveLength(1);
  await expect(applyObjects(kube, wrong, { dryRun: true })).rejects.toThrow('slector');
});

test('deploy/lockkeeper.yaml is the chart with its defaults: npm run -s manifests makes it so', async () => {
  expect(readFileSync(MANIFESTS, 'utf8')).toBe(await renderManifests(chart.program));
});

describe('G9: values that cannot be are refused with their place:', () => {
  test.each<{ name: string; values: Values | string; place: string }>([
    { name: 'an unknown key', values: { agent: { peroid: '1m' } }, place: 'peroid' },
    {
      name: 'an unknown method',
      values: { agent: { reboot: { method: 'magic' } } },
      place: 'method',
    },
    {
      name: 'a reboot file that outlives the reboot',
      values: { agent: { reboot: { file: '/etc/reboot' } } },
      place: 'file',
    },
    {
      name: 'an unknown key of the policy',
      values: { policy: { pools: [pool({ maxUnavailible: 2 })] } },
      place: 'maxUnavailible',
    },
    {
      name: 'a window that is none',
      values: {
        policy: { pools: [pool({ windows: [{ days: ['mon'], start: '25:00', end: '01:00' }] })] },
      },
      place: 'start',
    },
    {
      name: 'a bad event under an unquoted on',
      values: 'policy: { notifications: [{ slack: "${A}", on: [rebooted] }] }',
      place: 'notifications',
    },
  ])('$name', async ({ values, place }) => {
    await expect(chart.helm('template', values)).rejects.toThrow(place);
  });
});

/** The policy as it stands in the ConfigMap. */
const inForce = async (values: Values | string): Promise<string> => {
  const objects = await render(values);
  const maps = objects.filter(({ kind }) => kind === 'ConfigMap') as (KubeObject & {
    readonly data: Readonly<Record<string, string>>;
  })[];
  return maps.map(({ data }) => data['policy.yaml']).join('');
};

describe('the policy', () => {
  test('arrives as it was written, whatever YAML 1.1 makes of it', async () => {
    const policy = `
  timeZone: Europe/Zurich
  pools:
    - name: workers
      nodes: "a in (b, c),!d"
      maxUnavailable: 10%
      windows:
        - { days: [mon], start: 22:00, end: "04:00" }
        - { dates: [2026-12-05], start: "08:00", for: 10h }
      freezes:
        - { from: 2026-12-18, to: 2027-01-04, because: year end }
  notifications:
    - slack: \${SLACK_WEBHOOK_URL}
      on: [draining, lost]
      templates: { draining: "Draining {{node}}: 100%" }
`;
    const text = await inForce(`policy:${policy}`);
    expect(readPolicy(text, 'policy.yaml')).toMatchObject({ kind: 'policy' });
    // The default has scanEvery, which stays; everything else is what this parser reads in it, which knows YAML 1.2.
    expect(parse(text)).toEqual({ ...(parse(policy) as Values), scanEvery: '1m' });
  });

  test('may bring its calendars', async () => {
    const objects = await render({ calendars: { 'plan.ics': 'BEGIN:VCALENDAR\r\nX: "é"\r\n' } });
    const map = objects.find(({ kind }) => kind === 'ConfigMap') as KubeObject & { data: Values };
    expect(map.data['plan.ics']).toBe('BEGIN:VCALENDAR\r\nX: "é"\r\n');
  });
});

const given = async (...pools: Values[]): Promise<string[]> =>
  permissionsOf(await render({ policy: { pools } }), 'worker');

describe('G10: the rights of the worker', () => {
  test('to delete pods come with the policy that needs them', async () => {
    const usual = await given(
      pool({ drain: { onTimeout: 'undo' }, gates: { blockingPods: ['a=b'] } }),
    );
    expect(usual).not.toContain('pods: delete');
    expect(await given(pool({ drain: { onTimeout: 'delete' } }))).toEqual(
      [...usual, 'pods: delete'].toSorted(),
    );
  });

  test('of the account that uninstalls are those of the documents, and it is there only then', async () => {
    const objects = await render({});
    const install = readFileSync(join(CHART, '../../docs/install.md'), 'utf8');
    expect(documentedPermissions(install, 'uninstall')).toEqual(
      permissionsOf(objects, 'uninstall'),
    );
    const lasting = objects.filter(
      ({ metadata }) =>
        metadata.labels?.['app.kubernetes.io/component'] === 'uninstall' &&
        metadata.annotations?.['helm.sh/hook'] !== 'pre-delete',
    );
    expect(lasting).toEqual([]);
  });
});

async function agentWith(agent: Values) {
  const objects = await render({ agent });
  const pod = podSpecOf(objects, 'DaemonSet');
  const { container } = manifestsOf(objects).agent;
  const mounts = Object.fromEntries(
    (container.volumeMounts ?? []).map(({ mountPath }) => [mountPath, mountPath]),
  );
  const env = environmentOf(container, { fields: { 'spec.nodeName': 'n1' }, mounts });
  const read = readConfig([], { ...env, KUBERNETES_SERVICE_HOST: '10.0.0.1' });
  if (!read.ok) throw new Error(read.problems.join());
  return {
    pod,
    securityContext: container.securityContext,
    mounts: container.volumeMounts,
    host: read.config.host,
  };
}

describe('G10: the agent', () => {
  test('that reboots by file has neither process ids of the host, nor root, nor capabilities', async () => {
    const { pod, securityContext, host } = await agentWith({
      sentinel: { file: '/run/lockkeeper/reboot-required' },
      reboot: { method: 'file', file: '/run/lockkeeper-reboot/now' },
    });
    expect(pod.hostPID).toBeUndefined();
    expect(securityContext).toMatchObject({
      privileged: false,
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(securityContext?.capabilities).not.toHaveProperty('add');
    expect(pod.volumes?.map(({ hostPath }) => hostPath.path)).toEqual([
      '/run/lockkeeper',
      '/run/lockkeeper-reboot',
    ]);
    expect(host).toMatchObject({
      sentinel: { path: '/sentinel/reboot-required' },
      reboot: { method: 'file', path: '/reboot/now' },
    });
  });

  test('sees of the host the directory of its sentinel, read-only, and nothing else', async () => {
    const { pod, mounts } = await agentWith({
      sentinel: { file: '/run/lockkeeper/reboot-required' },
    });
    expect(pod.volumes).toEqual([
      { name: 'sentinel', hostPath: { path: '/run/lockkeeper', type: 'Directory' } },
    ]);
    expect(mounts).toMatchObject([{ mountPath: '/sentinel', readOnly: true }]);
  });

  test.each([
    {
      name: 'reboots by command',
      agent: { reboot: { method: 'command', command: '/sbin/reboot' } },
    },
    { name: 'has a sentinel command', agent: { sentinel: { command: 'needs-restarting -r' } } },
  ])('that $name is privileged, and only then', async ({ agent }) => {
    const { pod, securityContext, host } = await agentWith(agent);
    expect(securityContext).toMatchObject({ privileged: true });
    expect(pod.hostPID).toBe(true);
    expect(JSON.stringify(host)).toContain(
      agent.sentinel ? 'needs-restarting -r' : '"/sbin/reboot"',
    );
    expect(pod.volumes === undefined).toBe(agent.sentinel !== undefined);
  });
});

/** The names of the volumes that a StatefulSet gives each of its pods. */
function claimsOf(objects: readonly KubeObject[], kind: string): string[] {
  const found = objects.find((object) => object.kind === kind) as
    | (KubeObject & {
        readonly spec: {
          readonly volumeClaimTemplates?: readonly {
            readonly metadata: { readonly name: string };
          }[];
        };
      })
    | undefined;
  return (found?.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
}

describe("G10: Kubernetes' own judgement at Pod Security's strictest level", () => {
  const namespace = 'pod-security-restricted';
  beforeAll(async () => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const metadata = { name: namespace, labels };
    await applyObjects(kube, [{ apiVersion: 'v1', kind: 'Namespace', metadata }]);
  });

  /** What is wrong with the pod that this object makes, in the words of the API server; empty when it is accepted. */
  async function judge(kind: string, values: Values): Promise<string[]> {
    const objects = await render(values);
    const spec = podSpecOf(objects, kind);
    const claims = claimsOf(objects, kind).map((name) => ({
      name,
      persistentVolumeClaim: { claimName: name },
    }));
    // Accounts and classes of the real namespace are not here, and not what is judged.
    const bare = {
      serviceAccountName: 'default',
      priorityClassName: '',
      volumes: [...(spec.volumes ?? []), ...claims],
    };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'judged' },
      spec: { ...spec, ...bare },
    };
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    const refused = await kube.post(path, pod).then(
      () => '',
      (error: unknown) => String(error),
    );
    const [, violations = refused] =
      /violates PodSecurity "restricted:latest": (.*)$/.exec(refused) ?? [];
    return violations === ''
      ? []
      : violations
          .split(/, (?=[^,()]+ \()/)
          .map((one) => one.replace(/ \(.*$/, ''))
          .toSorted();
  }

  test.each(['StatefulSet', 'Job'])('the pod of the %s is accepted', async (kind) => {
    expect(await judge(kind, {})).toEqual([]);
  });

  test.each<{ name: string; agent: Values; violations: string[] }>([
    {
      name: 'by file does not more than mount directories of the host',
      agent: { reboot: { method: 'file' } },
      violations: ['restricted volume types'],
    },
    {
      name: "by signal is root without any capability, beside the host's process ids and a directory",
      agent: {},
      violations: [
        'forbidden AppArmor profile',
        'host namespaces',
        'restricted volume types',
        'runAsNonRoot != true',
        'runAsUser=0',
      ],
    },
    {
      name: 'by command is privileged',
      agent: { reboot: { method: 'command' } },
      violations: [
        'allowPrivilegeEscalation != false',
        'host namespaces',
        'privileged',
        'restricted volume types',
        'runAsNonRoot != true',
        'runAsUser=0',
        'unrestricted capabilities',
      ],
    },
  ])('an agent that reboots $name', async ({ agent, violations }) => {
    expect(await judge('DaemonSet', { agent })).toEqual(violations);
  });
});

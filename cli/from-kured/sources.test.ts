import { describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { fromKured } from './from-kured.ts';
import { converted, daemonSet, shown } from './kured.fixture.ts';
import { OPTION_NAMES } from './options.ts';

const HOURS = ['--start-time=22:00', '--end-time=23:00'];
const one = daemonSet(HOURS);
const container = (changes: object) => daemonSet([], { container: changes });
const other = daemonSet([], { container: { name: 'a', image: 'a', command: ['a'] } });

describe('kured is found in', () => {
  test.each([
    ['JSON', JSON.stringify(parse(one))],
    ['several documents', `kind: ServiceAccount\nmetadata: {name: kured}\n---\n${one}---\n`],
    ['a List', stringify({ kind: 'List', items: [{ kind: 'ClusterRole' }, parse(one)] })],
    [
      'a DaemonSetList',
      stringify({ kind: 'DaemonSetList', items: [{ ...(parse(one) as object), kind: undefined }] }),
    ],
    ['args alone', container({ command: null, args: HOURS })],
    ['command and args', container({ command: ['/usr/bin/kured', HOURS[0]], args: [HOURS[1]] })],
    [
      'a script of a shell',
      container({
        command: ['sh', '-c'],
        args: [`sleep 5; exec /usr/bin/kured ${HOURS.join(' ')}`],
      }),
    ],
    [
      'a container beside others',
      daemonSet([], {
        pod: {
          containers: [
            { name: 'proxy', image: 'example.org/proxy:1', args: ['--start-time=1:00'] },
            { name: 'main', image: 'example.org/mirror/kured:1.23.0', args: HOURS },
          ],
        },
      }),
    ],
    ['a DaemonSet beside others', `${other}---\n${one}`],
  ])('%s', (_, text) => {
    const { policy } = converted(text);
    expect(policy.pools).toMatchObject([{ windows: [{ start: '22:00', end: '23:00' }] }]);
  });
});

/** Inputs that are refused, and what is said. */
const REFUSED = parse(
  String.raw`
nothing: ['', there was no object in the input]
a word: [kured, there was no object in the input]
another object: ['kind: Deployment', 'there was only: Deployment; of anything else give what it becomes: kubectl -n NAMESPACE get daemonset NAME -o yaml']
values of another chart: ['replicas: 3', 'there was only: an object without a kind']
another DaemonSet: ['{ kind: DaemonSet, spec: { selector: {}, template: { spec: { containers: [{ name: x }] } } } }', 'there was only: DaemonSet (no container of it runs kured)']
a HelmRelease of something else: ['{ kind: HelmRelease, spec: { chart: x, values: { configuration: {} } } }', 'there was only: HelmRelease']
a HelmRelease of kured's alerts: ['{ kind: HelmRelease, metadata: { name: kured-alerts }, spec: { chart: x } }', 'there was only: HelmRelease']
an Application of a directory: ['{ kind: Application, metadata: { name: kured }, spec: { source: { path: kured } } }', 'there was only: Application']
what is not YAML: ['a: [', 'not YAML: ']
values that are not YAML: ['{ kind: HelmChart, spec: { chart: kured, valuesContent: "a: [" } }', 'the HelmChart: its values are not YAML: ']
a DaemonSet without a template: ['{ kind: DaemonSet, spec: { selector: {} } }', 'DaemonSet: spec.template: ']
values that cannot be read: ['{ configuration: {}, extraEnvVars: [{ value: x }] }', 'the Helm values: extraEnvVars.0.name: ']
K2 a patch of the command: ['{ kind: DaemonSet, metadata: { name: kured, namespace: a }, spec: { template: { spec: { containers: [{ name: kured, command: [kured] }] } } } }', 'DaemonSet kured: it has no selector and no image, so it is a patch over another one and only a part of what kured is told; give the whole, as @kubectl kustomize DIRECTORY@ or @kubectl -n a get daemonset kured -o yaml@ prints it']
K2 a patch of the nodes: ['{ kind: DaemonSet, metadata: { name: kured }, spec: { template: { spec: { nodeSelector: { a: b } } } } }', 'DaemonSet kured: it has no selector, so it is a patch']
`.replaceAll('@', '`'),
) as Record<string, [string, string]>;

test.each(Object.entries(REFUSED))('refused, and told what was expected: %s', (_, [text, said]) => {
  const lines = [expect.stringContaining(said)];
  const failed = expect.objectContaining({ exitCode: 1, lines });
  expect(() => fromKured(text)).toThrow(failed);
  if (said.startsWith('there')) expect(() => fromKured(text)).toThrow("expected kured's DaemonSet");
});

/** Values of the chart in all their envelopes, what becomes of them, and what is told aloud. */
const VALUES = parse(
  String.raw`
a number for a text: [{ configuration: { startTime: 9, endTime: 17 } }, { windows: [{ start: '09:00', end: '17:00' }] }]
days as a list: [{ configuration: { rebootDays: [sat, 0] } }, { windows: [{ days: [sat, sun] }] }]
days as a text: [{ configuration: { rebootDays: 'sat,sun' } }, { windows: [{ days: [sat, sun] }] }]
a switch: [{ configuration: { forceReboot: true } }, { drain: { onTimeout: delete } }]
yes in YAML 1.1: [{ configuration: { forceReboot: 'yes' } }, { drain: { onTimeout: delete } }]
no in YAML 1.1: [{ configuration: { forceReboot: 'no' } }, { drain: null }]
# The templates leave out 0, so pods keep their own grace period.
a grace period of 0: [{ configuration: { drainGracePeriod: 0 } }, { drain: null }]
selectors: [{ configuration: { blockingPodSelector: ['a=b,c=d', e] } }, { gates: { blockingPods: ['a=b,c=d', e] } }]
labels: [{ configuration: { preRebootNodeLabels: [a=b], postRebootNodeLabels: [a=c] } }, { labels: { before: { a: b }, after: { a: c } } }]
an unknown key: [{ configuration: { rebootDay: sat } }, { windows: [{ always: true }] }, 'the Helm values: configuration.rebootDay: the chart has no such key, so kured never saw it']
extraArgs after configuration: [{ configuration: { startTime: 9 }, extraArgs: { start-time: 2pm, force-reboot: '', unheard-of: s3cret } }, { windows: [{ start: '14:00' }], drain: { onTimeout: delete } }, '--unheard-of: kured 1.23 has no such option']
extraArgs alone: [{ extraArgs: { concurrency: 2 } }, { maxUnavailable: 2 }]
secrets from the environment: [{ extraEnvVars: [{ name: KURED_NOTIFY_URL, valueFrom: { secretKeyRef: { name: a, key: b } } }] }, { notifications: [{ url: '@{NOTIFY_URL}' }] }]
a selector of its own: [{ configuration: {}, nodeSelector: { pool: gpu } }, { nodes: 'kubernetes.io/os=linux,pool=gpu' }]
tolerations of its own: [{ configuration: {}, tolerations: [{ key: gpu, operator: Exists }] }, { nodes: 'kubernetes.io/os=linux,!node-role.kubernetes.io/control-plane' }]
a name of its own: [{ configuration: {}, fullnameOverride: kured-gpu }, { name: gpu, gates: { kuredLock: { namespace: kube-system, daemonSet: kured-gpu } } }, write the right ones into gates.kuredLock]
a name beside the release's: [{ configuration: {}, nameOverride: reboots }, { gates: { kuredLock: { daemonSet: kured-reboots } } }]
a command that never ran: [{ configuration: { rebootSentinelCommand: check } }, { windows: [{ always: true }] }, 'only with useRebootSentinelHostPath: false']
under the name of the chart: [{ ingress: {}, kured: { configuration: { concurrency: 2 } } }, { maxUnavailable: 2 }]
K1 nothing that concerns us: [{ metrics: { create: true }, image: { tag: '1' } }, { windows: [{ always: true }] }, this pool is open at every hour]
K1 nothing under its name: [{ kured: { enabled: true } }, { windows: [{ always: true }] }, this pool is open at every hour]
K1 a HelmRelease without values: [{ kind: HelmRelease, metadata: { name: a, namespace: b }, spec: { chart: { spec: { chart: kured } } } }, { windows: [{ always: true }], gates: { kuredLock: { namespace: b, daemonSet: a-kured } } }, this pool is open at every hour]
K3 values from elsewhere: [{ kind: HelmRelease, spec: { chart: kured, valuesFrom: [{ kind: ConfigMap, name: a }] } }, { windows: [] }, 'further values come from its spec.valuesFrom, which are not in the input']
K4 a HelmRelease elsewhere: [{ kind: HelmRelease, metadata: { name: reboots, namespace: flux-system }, spec: { releaseName: kured-w, targetNamespace: p, chart: { spec: { chart: kured } }, values: { configuration: { concurrency: 2 } } } }, { name: w, maxUnavailable: 2, gates: { kuredLock: { namespace: p, daemonSet: kured-w } } }]
K4 named after its namespace: [{ kind: HelmRelease, metadata: { name: kured }, spec: { chartRef: { name: kured }, valuesFrom: [], targetNamespace: p } }, { gates: { kuredLock: { namespace: p, daemonSet: p-kured } }, windows: [{ always: true }] }]
K6 a HelmChart of k3s: [{ kind: HelmChart, metadata: { name: kured, namespace: a }, spec: { chart: kured, targetNamespace: ops, valuesContent: 'configuration: { concurrency: 2 }' } }, { maxUnavailable: 2, gates: { kuredLock: { namespace: ops, daemonSet: kured } } }]
K6 an Application: [{ kind: Application, metadata: { name: kured-gpu, namespace: argocd }, spec: { destination: { namespace: ops }, source: { chart: kured, helm: { valuesObject: { configuration: { concurrency: 2 } } } } } }, { name: gpu, maxUnavailable: 2, gates: { kuredLock: { namespace: ops, daemonSet: kured-gpu } } }]
K6 of several sources: [{ kind: Application, metadata: { name: a }, spec: { sources: [{ ref: x }, { chart: kured, helm: { releaseName: kured, values: 'extraArgs: { concurrency: 2 }' } }] } }, { maxUnavailable: 2, gates: { kuredLock: { daemonSet: kured } } }]
K6 with further values: [{ kind: Application, metadata: { name: a }, spec: { source: { chart: kured, helm: { parameters: [{ name: configuration.startTime, value: '9' }] } } } }, { windows: [] }, come from its spec.source.helm.parameters]
`.replaceAll('@{', '${'),
) as Record<string, [object, object, string?]>;

test.each(Object.entries(VALUES))('values of the chart: %s', (_, [given, expected, said = '']) => {
  const { pool, warnings, yaml } = converted(stringify(given));
  expect(shown(pool, expected)).toEqual(expected);
  expect(warnings).toContain(said);
  expect(yaml + warnings).not.toContain('s3cret');
});

/** What the chart itself has for the keys, so that nothing is told to kured (values.yaml of chart 6.1). */
const STANDARD = parse(
  '{ metricsPort: 8080, lockTtl: 0, alertFiringOnly: false, alertFilterMatchOnly: false, blockingPodSelector: [], forceReboot: false, rebootDays: [], rebootSentinel: /var/run/reboot-required, rebootCommand: /bin/systemctl reboot, annotateNodes: false, lockReleaseDelay: 0, logFormat: text, preRebootNodeLabels: [], postRebootNodeLabels: [], concurrency: 1, useRebootSentinelHostPath: true }',
) as object;

test('values that are the defaults of the chart change nothing, and there is a key for every option', () => {
  const keys = OPTION_NAMES.filter(
    (name) => !['node-id', 'ds-namespace', 'ds-name'].includes(name),
  );
  const camel = keys.map((key) => key.replaceAll(/-./g, (at) => at.slice(1).toUpperCase()));
  const empty = Object.fromEntries(camel.map((key) => [key, '']));
  const all = converted(stringify({ configuration: { ...empty, ...STANDARD } }));
  expect(all.policy).toEqual(converted('configuration: {}').policy);
  expect(all.comments).not.toContain('no such');
  for (const key of ['nodeId', 'dsNamespace', 'dsName']) {
    expect(converted(`configuration: { ${key}: x }`).warnings).toContain('has no such key');
  }
});

test('the command of a sentinel is as it was meant where the host path is off', () => {
  const inside = '{ rebootSentinelCommand: check, useRebootSentinelHostPath: false }';
  const beside = '{ rebootSentinelCommand: check }\nuseRebootSentinelHostPath: false';
  for (const text of [inside, beside]) {
    expect(converted(`configuration: ${text}`).warnings).not.toContain('useRebootSentinelHostPath');
  }
});

test('variables from elsewhere as a whole close the pool', () => {
  const { pool, warnings } = converted(container({ envFrom: [{ secretRef: { name: 'kured' } }] }));
  expect(pool.windows).toEqual([]);
  expect(warnings).toContain('variables KURED_* from its envFrom win over all that is seen here');
});

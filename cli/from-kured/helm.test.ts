import { describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { converted, onlyPool } from './kured.fixture.ts';
import { OPTION_NAMES } from './options.ts';

const values = (configuration: object, more: object = {}) =>
  converted(stringify({ configuration, ...more }));
const pool = (configuration: object, more: object = {}) => onlyPool(values(configuration, more));

/** What the chart itself has for every key, so that nothing is told to kured (values.yaml of chart 6.1). */
const STANDARD = {
  metricsHost: '',
  metricsPort: 8080,
  lockTtl: 0,
  alertFilterRegexp: '',
  alertFiringOnly: false,
  alertFilterMatchOnly: false,
  blockingPodSelector: [],
  endTime: '',
  lockAnnotation: '',
  period: '',
  forceReboot: false,
  drainDelay: '',
  drainGracePeriod: '',
  drainPodSelector: '',
  drainTimeout: '',
  skipWaitForDeleteTimeout: '',
  prometheusUrl: '',
  rebootDays: [],
  rebootMethod: '',
  rebootSentinel: '/var/run/reboot-required',
  rebootSentinelCommand: '',
  rebootCommand: '/bin/systemctl reboot',
  rebootDelay: '',
  rebootSignal: '',
  slackChannel: '',
  slackHookUrl: '',
  slackUsername: '',
  notifyUrl: '',
  messageTemplateDrain: '',
  messageTemplateReboot: '',
  messageTemplateUncordon: '',
  startTime: '',
  timeZone: '',
  annotateNodes: false,
  lockReleaseDelay: 0,
  preferNoScheduleTaint: '',
  logFormat: 'text',
  preRebootNodeLabels: [],
  postRebootNodeLabels: [],
  concurrency: 1,
  useRebootSentinelHostPath: true,
};

const told = (configuration: object, more = {}) =>
  values({ rebootSentinelCommand: 'check', ...configuration }, more).warnings.join();

describe('values of the chart', () => {
  test('that are its own defaults change nothing', () => {
    const { policy, comments } = values(STANDARD);
    expect(policy).toEqual(values({ logFormat: 'text' }).policy);
    expect(policy).toEqual(values({}).policy);
    expect(comments).not.toContain('no such');
  });

  test('know every option but the three that the templates set', () => {
    const keys = OPTION_NAMES.map((name) =>
      name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    );
    const known = Object.keys(STANDARD).filter((key) => key !== 'useRebootSentinelHostPath');
    expect(keys.filter((key) => !known.includes(key))).toEqual(['nodeId', 'dsNamespace', 'dsName']);
    expect(known.filter((key) => !keys.includes(key))).toEqual([]);
  });

  test.each([
    [
      'a number for a text',
      { startTime: 9, endTime: 17 },
      { windows: [expect.objectContaining({ start: '09:00', end: '17:00' })] },
    ],
    [
      'days as a list',
      { rebootDays: ['sat', 0] },
      { windows: [expect.objectContaining({ days: ['sat', 'sun'] })] },
    ],
    [
      'days as a text',
      { rebootDays: 'sat,sun' },
      { windows: [expect.objectContaining({ days: ['sat', 'sun'] })] },
    ],
    ['a switch', { forceReboot: true }, { drain: { onTimeout: 'delete' } }],
    ['a switch in words of YAML 1.1', { forceReboot: 'yes' }, { drain: { onTimeout: 'delete' } }],
    [
      'selectors',
      { blockingPodSelector: ['a=b,c=d', 'e'] },
      { gates: { blockingPods: ['a=b,c=d', 'e'] } },
    ],
    [
      'labels',
      { preRebootNodeLabels: ['a=b'], postRebootNodeLabels: ['a=c'] },
      { labels: { before: { a: 'b' }, after: { a: 'c' } } },
    ],
  ])('take %s', (_, configuration, expected) => {
    expect(pool(configuration)).toMatchObject(expected);
  });

  test.each([
    ['no in words of YAML 1.1', { forceReboot: 'no' }],
    // The templates leave out 0, so pods keep their own grace period.
    ['a grace period of 0', { drainGracePeriod: 0 }],
  ])('drop %s, as the chart does', (_, configuration) => {
    expect(pool(configuration)).not.toHaveProperty('drain');
  });

  test('that the chart does not know are named', () => {
    const { warnings } = values({ rebootDay: 'sat' });
    expect(warnings).toContain(
      'the Helm values: configuration.rebootDay: the chart has no such key, so kured never saw it',
    );
  });

  test('in extraArgs come after configuration', () => {
    const extraArgs = { 'start-time': '2pm', 'force-reboot': '', 'unheard-of': 's3cret' };
    const result = values({ startTime: '9' }, { extraArgs });
    expect(onlyPool(result)).toMatchObject({
      windows: [{ start: '14:00' }],
      drain: { onTimeout: 'delete' },
    });
    expect(result.warnings.join()).toContain('--unheard-of: kured 1.23 has no such option');
    expect(result.yaml + result.warnings.join()).not.toContain('s3cret');
  });

  test('may take secrets from the environment', () => {
    const extraEnvVars = [
      { name: 'KURED_NOTIFY_URL', valueFrom: { secretKeyRef: { name: 'reboots', key: 'url' } } },
    ];
    const { policy, comments } = values({}, { extraEnvVars });
    expect(policy.notifications).toMatchObject([{ url: '${NOTIFY_URL}' }]);
    expect(comments).toContain('NOTIFY_URL from key url of Secret reboots');
  });

  test.each([
    [{}, 'kubernetes.io/os=linux'],
    [{ nodeSelector: { pool: 'gpu' } }, 'kubernetes.io/os=linux,pool=gpu'],
    [
      { tolerations: [{ key: 'gpu', operator: 'Exists' }] },
      'kubernetes.io/os=linux,!node-role.kubernetes.io/control-plane',
    ],
  ])('choose nodes as the chart does: %j', (more, nodes) => {
    expect(pool({}, more).nodes).toBe(nodes);
  });

  test('name the pool and the lock', () => {
    expect(pool({}, { fullnameOverride: 'kured-gpu' })).toMatchObject({
      name: 'gpu',
      gates: { kuredLock: { namespace: 'kube-system', daemonSet: 'kured-gpu' } },
    });
  });

  test('say that the command of a sentinel may never have been run', () => {
    expect(told({})).toContain('only with useRebootSentinelHostPath: false');
    expect(told({ useRebootSentinelHostPath: false })).not.toContain('useRebootSentinelHostPath');
    expect(told({}, { useRebootSentinelHostPath: false })).not.toContain(
      'useRebootSentinelHostPath',
    );
  });
});

describe('values are also found', () => {
  const configuration = { concurrency: 2 };

  test.each([
    ['under the name of the chart', { ingress: {}, kured: { configuration } }],
    [
      'in a HelmRelease',
      {
        kind: 'HelmRelease',
        spec: { chart: { spec: { chart: 'kured' } }, values: { configuration } },
      },
    ],
    ['in extraArgs alone', { extraArgs: { concurrency: 2 } }],
  ])('%s', (_, object) => {
    expect(onlyPool(converted(stringify(object))).maxUnavailable).toBe(2);
  });
});

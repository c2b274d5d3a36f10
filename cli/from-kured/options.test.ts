import { describe, expect, test } from '@jest/globals';
import { usage } from '../../agent/config.ts';
import { INSTEAD } from './instead.ts';
import { converted, daemonSet, onlyPool, type Result } from './kured.fixture.ts';
import { OPTION_NAMES, type OptionName } from './options.ts';

test('G12: the list has all 43 options of kured', () => {
  expect(OPTION_NAMES).toHaveLength(43);
});

/** One use of an option that says something else than its default, and what has to come of it. */
interface Use {
  /** Beside the option under test, where it means nothing alone. */
  readonly with?: readonly string[];
  readonly value: string;
  readonly pool?: object;
  readonly policy?: object;
  readonly comment?: string;
}

const ALERTS = ['--prometheus-url=http://prometheus:9090'];
const HOOK = ['--slack-hook-url=https://hooks.slack.com/services/A/B/C'];
const template = (event: string, text: string) => ({
  notifications: [{ templates: { [event]: text } }],
});

const USES: Readonly<Record<OptionName, Use>> = {
  'node-id': { value: 'worker-1', pool: { name: 'nodes' } },
  'force-reboot': {
    with: ['--drain-timeout=10m'],
    value: 'true',
    pool: { drain: { timeout: '10m', onTimeout: 'delete' } },
  },
  'metrics-host': {
    value: '127.0.0.1',
    comment: '--metrics-host: the agent has no listening port',
  },
  'metrics-port': { value: '9090', comment: '--metrics-port: the agent has no listening port' },
  'drain-grace-period': { value: '90', pool: { drain: { gracePeriod: '90s' } } },
  'drain-pod-selector': { value: 'app!=db', pool: { drain: { podSelector: 'app!=db' } } },
  'skip-wait-for-delete-timeout': {
    value: '300',
    pool: { drain: { skipWaitForDeleteTimeout: '300s' } },
  },
  'drain-delay': { value: '1m30s', pool: { drain: { delay: '1m30s' } } },
  'drain-timeout': { value: '1.5h', pool: { drain: { timeout: '1h30m' } } },
  'reboot-delay': { value: '90s', pool: { reboot: { delay: '1m30s' } } },
  'reboot-method': {
    with: ['--reboot-signal=15'],
    value: 'signal',
    comment: '{ name: LOCKKEEPER_REBOOT_SIGNAL, value: "15" }',
  },
  period: { value: '5m', comment: '{ name: LOCKKEEPER_PERIOD, value: "5m" }' },
  'ds-namespace': { value: 'ops', pool: { gates: { kuredLock: { namespace: 'ops' } } } },
  'ds-name': { value: 'reboots', pool: { gates: { kuredLock: { daemonSet: 'reboots' } } } },
  'lock-annotation': {
    value: 'example.org/lock',
    pool: { gates: { kuredLock: { annotation: 'example.org/lock' } } },
  },
  'lock-ttl': { value: '30m', comment: '--lock-ttl: time alone never frees a permit' },
  'lock-release-delay': { value: '30m', pool: { pauseBetween: '30m' } },
  'prometheus-url': {
    value: 'http://prometheus:9090',
    pool: {
      gates: { alerts: { prometheus: 'http://prometheus:9090', states: ['pending', 'firing'] } },
    },
  },
  'alert-filter-regexp': {
    with: ALERTS,
    value: '^RebootRequired$',
    pool: { gates: { alerts: { ignore: '^RebootRequired$' } } },
  },
  'alert-filter-match-only': {
    with: [...ALERTS, '--alert-filter-regexp=^Storage'],
    value: 'true',
    pool: { gates: { alerts: { only: '^Storage' } } },
  },
  'alert-firing-only': {
    with: ALERTS,
    value: 'true',
    pool: { gates: { alerts: { states: ['firing'] } } },
  },
  'reboot-sentinel': {
    value: '/sentinel/needs-reboot',
    comment: '{ name: LOCKKEEPER_REBOOT_SENTINEL, value: "/sentinel/needs-reboot" }',
  },
  'prefer-no-schedule-taint': {
    value: 'weave.works/kured-node-reboot',
    pool: { taint: 'weave.works/kured-node-reboot' },
  },
  'reboot-sentinel-command': {
    value: 'needs-restarting -r',
    comment: '{ name: LOCKKEEPER_REBOOT_SENTINEL_COMMAND, value: "needs-restarting -r" }',
  },
  'reboot-command': {
    value: '/sbin/reboot --force',
    comment:
      '{ name: LOCKKEEPER_REBOOT_METHOD, value: "command" } - { name: LOCKKEEPER_REBOOT_COMMAND, value: "/sbin/reboot --force" }',
  },
  concurrency: { value: '3', pool: { maxUnavailable: 3 } },
  'reboot-signal': {
    with: ['--reboot-method=signal'],
    value: '40',
    comment: '{ name: LOCKKEEPER_REBOOT_SIGNAL, value: "40" }',
  },
  'slack-hook-url': {
    value: 'https://hooks.slack.com/services/A/B/C',
    policy: {
      notifications: [
        {
          slack: '${SLACK_WEBHOOK_URL}',
          username: 'kured',
          on: ['draining', 'rebooting', 'returned'],
        },
      ],
    },
  },
  'slack-username': {
    with: HOOK,
    value: 'reboots',
    policy: { notifications: [{ username: 'reboots' }] },
  },
  'slack-channel': {
    with: HOOK,
    value: '#ops',
    policy: { notifications: [{ channel: '#ops' }] },
  },
  'notify-url': {
    value: 'ntfy://ntfy.example.org/reboots',
    policy: {
      notifications: [{ url: '${NOTIFY_URL}', on: ['draining', 'rebooting', 'returned'] }],
    },
  },
  'message-template-uncordon': {
    with: HOOK,
    value: '%s is back',
    policy: template('returned', '{{node}} is back'),
  },
  'message-template-drain': {
    with: HOOK,
    value: 'emptying %s (100%%)',
    policy: template('draining', 'emptying {{node}} (100%)'),
  },
  'message-template-reboot': {
    with: HOOK,
    value: 'rebooting %v',
    policy: template('rebooting', 'rebooting {{node}}'),
  },
  'blocking-pod-selector': {
    value: 'runtime=long,cost=expensive',
    pool: { gates: { blockingPods: ['runtime=long,cost=expensive'] } },
  },
  'reboot-days': {
    value: 'sat,0',
    pool: { windows: [{ days: ['sat', 'sun'], start: '00:00', end: '24:00' }] },
  },
  'start-time': {
    value: '22:00',
    pool: {
      windows: [
        { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], start: '22:00', end: '24:00' },
      ],
    },
  },
  'end-time': {
    value: '05:00pm',
    pool: {
      windows: [
        { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], start: '00:00', end: '17:00' },
      ],
    },
  },
  'time-zone': { value: 'Europe/Zurich', policy: { timeZone: 'Europe/Zurich' } },
  'annotate-nodes': {
    value: 'true',
    comment: '--annotate-nodes: the same is always on the Node',
  },
  'log-format': { value: 'text', comment: '{ name: LOCKKEEPER_LOG_FORMAT, value: "text" }' },
  'pre-reboot-node-labels': {
    value: 'state=rebooting,team=ops',
    pool: { labels: { before: { state: 'rebooting', team: 'ops' } } },
  },
  'post-reboot-node-labels': {
    value: 'state=serving',
    pool: { labels: { after: { state: 'serving' } } },
  },
};

describe('G12: the converter deals with', () => {
  test.each(OPTION_NAMES)('--%s', (name) => {
    const use = USES[name];
    const base = use.with ?? [];
    const result = converted(daemonSet([...base, `--${name}=${use.value}`]));
    expectUse(result, use);
    // The use must be able to fail: without the option it would.
    if (name !== 'node-id') {
      expect(() => expectUse(converted(daemonSet(base)), use)).toThrow();
    }
  });

  test.each(OPTION_NAMES.filter((name) => name !== 'blocking-pod-selector'))(
    '--%s given as an environment variable, in the same way',
    (name) => {
      const use = USES[name];
      const variable = `KURED_${name.replaceAll('-', '_').toUpperCase()}`;
      const env = [{ name: variable, value: use.value }];
      const result = converted(daemonSet(use.with ?? [], { container: { env } }));
      expectUse(result, {
        ...use,
        ...(use.comment && { comment: use.comment.replace(`--${name}`, variable) }),
      });
    },
  );
});

function expectUse(result: Result, { pool, policy, comment }: Use): void {
  if (pool) expect(onlyPool(result)).toMatchObject(pool);
  if (policy) expect(result.policy).toMatchObject(policy);
  if (comment) expect(result.comments).toContain(comment);
}

describe('what Lockkeeper has instead', () => {
  test.each(OPTION_NAMES)('of --%s is shown where the converter writes it', (name) => {
    const instead = INSTEAD[name];
    const { pool, policy, comment = '' } = USES[name];
    if ('key' in instead) {
      const written = pool ?? policy;
      expect(pathIn(written, instead.key.split('.'))).toBeDefined();
    } else if ('agent' in instead && name !== 'reboot-method') {
      expect(comment).toContain(instead.agent);
    } else if ('because' in instead && name !== 'node-id') {
      expect(comment.slice(comment.indexOf(': ') + 2)).toBe(
        instead.because.slice(0, comment.length - comment.indexOf(': ') - 2),
      );
    }
  });

  test('is in the agent, where it is said to be', () => {
    const known = usage().match(/LOCKKEEPER_[A-Z_]+/g);
    const named = Object.values(INSTEAD)
      .map((instead) => JSON.stringify(instead))
      .join(' ')
      .match(/LOCKKEEPER_[A-Z_]+/g);
    expect(known).toEqual(expect.arrayContaining(named ?? []));
  });
});

function pathIn(value: unknown, path: readonly string[]): unknown {
  const inside = Array.isArray(value) ? (value[0] as unknown) : value;
  const [key, ...rest] = path;
  if (key === undefined) return inside;
  return pathIn((inside as Record<string, unknown> | undefined)?.[key], rest);
}

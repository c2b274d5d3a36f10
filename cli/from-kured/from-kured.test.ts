import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { Policy, problemsOf } from '../../domain/policy.ts';
import { fromKured } from './from-kured.ts';
import { WEEK } from './go.ts';
import { OPTION_NAMES } from './options.ts';
import { converted, daemonSet, onlyPool } from './kured.fixture.ts';

const ALL_OPTIONS = [
  '--force-reboot',
  '--drain-grace-period=90',
  '--drain-pod-selector=app!=db',
  '--skip-wait-for-delete-timeout=300',
  '--drain-delay=30s',
  '--drain-timeout=10m',
  '--reboot-delay=90s',
  '--lock-annotation=example.org/lock',
  '--lock-release-delay=30m',
  '--prometheus-url=http://lockkeeper:secret@prometheus:9090',
  '--alert-filter-regexp=^Watchdog$',
  '--alert-firing-only',
  '--prefer-no-schedule-taint=weave.works/kured-node-reboot',
  '--concurrency=2',
  '--slack-hook-url=https://hooks.slack.com/services/A/B/C',
  '--slack-channel=#ops',
  '--blocking-pod-selector=app=db,role=primary',
  '--reboot-days=fri,sat',
  '--start-time=22:00',
  '--end-time=03:59:59',
  '--time-zone=Europe/Zurich',
  '--pre-reboot-node-labels=state=rebooting',
  '--post-reboot-node-labels=state=serving',
];

const other = (zone: string) =>
  daemonSet(['--notify-url=slack://A/B/C', `--time-zone=${zone}`], {
    name: 'kured-gpu',
    pod: { nodeSelector: { pool: 'gpu' } },
  });

describe('the policy that is made', () => {
  const policies = ['Europe/Zurich', 'UTC'].map(
    (zone) => converted(`${daemonSet(ALL_OPTIONS)}---\n${other(zone)}`).policy,
  );

  test('is accepted as it is', () => {
    for (const policy of policies) {
      expect(refusedFor(policy)).toEqual([]);
    }
  });
});

const TWO_DIGITS = fc.integer({ min: 0, max: 59 }).map((number) => String(number).padStart(2, '0'));
const HOUR = fc.integer({ min: 0, max: 23 });
const CLOCK = fc.oneof(
  fc.tuple(HOUR, TWO_DIGITS).map(([hour, minute]) => `${hour}:${minute}`),
  fc.tuple(HOUR, TWO_DIGITS, TWO_DIGITS).map((parts) => parts.join(':')),
  HOUR.map(String),
);
const LENGTH = fc.constantFrom('0', '30s', '5m', '90m', '24h', '1.5s', '99999h', '250ms', '-1s');

test('G12: whatever hours and lengths kured is told, the policy is accepted', () => {
  fc.assert(
    fc.property(
      fc.subarray([...WEEK]),
      fc.record({ start: CLOCK, end: CLOCK }),
      fc.record({ timeout: LENGTH, drain: LENGTH, reboot: LENGTH, release: LENGTH }),
      (days, { start, end }, lengths) => {
        const { policy } = converted(
          daemonSet([
            `--reboot-days=${days.join(',')}`,
            `--start-time=${start}`,
            `--end-time=${end}`,
            `--drain-timeout=${lengths.timeout}`,
            `--drain-delay=${lengths.drain}`,
            `--reboot-delay=${lengths.reboot}`,
            `--lock-release-delay=${lengths.release}`,
          ]),
        );
        expect(refusedFor(policy)).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});

describe('whatever kured is told, there is a policy, and it is accepted', () => {
  test('G12: also when its values are nobody knows what, and its comments stay comments', () => {
    const arg = fc.oneof(
      fc.tuple(fc.constantFrom(...OPTION_NAMES), WORD).map(([name, value]) => `--${name}=${value}`),
      fc.constantFrom(...NASTY),
      WORD,
    );
    fc.assert(
      fc.property(fc.array(arg, { maxLength: 14 }), (args) => {
        const { policy } = converted(daemonSet([...RECEIVERS, ...args]));
        const known = ['timeZone', 'pools', 'notifications'];
        expect(Object.keys(policy).filter((key) => !known.includes(key))).toEqual([]);
        expect(policy.pools).toMatchObject([{ name: 'nodes', nodes: 'kubernetes.io/os=linux' }]);
        expect(refusedFor(policy)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  test('G12: also when several of them choose the same nodes, or nodes that no selector chooses', () => {
    const label = fc.oneof(fc.constantFrom('a', 'b', 'a,b', 'a b', '', 'a/b/c'), WORD);
    const key = fc.oneof(fc.constantFrom('pool', 'tier', 'lockkeeper.io/pool', '!pool'), WORD);
    const operator = fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Near');
    const expression = fc.record({ key, operator, values: fc.array(label, { maxLength: 2 }) });
    const kured = fc.record({
      name: fc.oneof(fc.constantFrom('kured', 'kured-a', 'a'.repeat(200)), WORD),
      nodeSelector: fc.dictionary(key, label, { maxKeys: 2 }),
      expressions: fc.array(expression, { maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(kured, { minLength: 1, maxLength: 4 }), (kureds) => {
        const texts = kureds.map(({ name, nodeSelector, expressions }) => {
          const nodeSelectorTerms = expressions.map((one) => ({ matchExpressions: [one] }));
          const required = {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
          };
          const pod = { nodeSelector, affinity: { nodeAffinity: required } };
          return daemonSet(RECEIVERS, { name, pod });
        });
        const { policy } = converted(texts.join('---\n'));
        expect(policy.pools).toHaveLength(kureds.length);
        expect(refusedFor(policy)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('what the policy would refuse is left out or cut to size, and it is said why', () => {
  const [drain, gates] = ['pools.drain', 'pools.gates'];
  const [receiver, templates] = ['notifications', 'notifications.templates'];

  test.each<[string, string, object, string]>([
    ['--slack-username=', receiver, { username: undefined }, 'is empty; here it is lockkeeper'],
    ['--message-template-drain=', templates, { draining: undefined }, "Lockkeeper's own words"],
    ['--drain-timeout=99999999h', drain, { timeout: '87600h' }, 'here it is 3650d'],
    ['--drain-grace-period=999999999', drain, { gracePeriod: '315360000s' }, 'here it is 3650d'],
    [
      '--skip-wait-for-delete-timeout=999999999',
      drain,
      { skipWaitForDeleteTimeout: '315360000s' },
      'is longer than Lockkeeper takes',
    ],
    ['--ds-name=Foo_Bar', gates, { kuredLock: undefined }, '"Foo_Bar" is no name in Kubernetes'],
    ['--ds-namespace=-', gates, { kuredLock: undefined }, '--ds-namespace: "-" is no name'],
    ['--lock-annotation=', gates, { kuredLock: undefined }, 'gates.kuredLock is left out'],
    ['--alert-filter-regexp=*', 'pools.gates.alerts', { ignore: undefined }, 'regular expression'],
    ['--prometheus-url=prom', gates, { alerts: undefined }, 'gates.alerts is left out'],
    ['--prometheus-url=http://:p@a', gates, { alerts: { prometheus: 'http://a' } }, 'its user'],
    ['--blocking-pod-selector=a b', gates, { blockingPods: ['app=db'] }, '"a b" is no label'],
    ['--drain-pod-selector=a b', 'pools', { drain: undefined }, 'drain.podSelector is left out'],
    ['--concurrency=9223372036854775807', 'pools', { maxUnavailable: 1 }, 'is not a whole number'],
    ['--prefer-no-schedule-taint=a b', 'pools', { taint: undefined }, 'it is left out'],
    [
      '--pre-reboot-node-labels=a b=c,d=e',
      'pools.labels',
      { before: { d: 'e' } },
      'refuses is left out',
    ],
  ])('%s', (arg, place, expected, said) => {
    const { policy, comments } = converted(
      daemonSet([...RECEIVERS, '--blocking-pod-selector=app=db', arg]),
    );
    const found = place
      .split('.')
      .reduce<unknown>(
        (at, key) => [(at as Record<string, unknown>)[key]].flat()[0],
        policy as unknown,
      );
    for (const [key, value] of Object.entries(expected)) {
      expect([key, (found as Record<string, unknown>)[key]]).toEqual([
        key,
        value === undefined || Array.isArray(value) || typeof value !== 'object'
          ? value
          : expect.objectContaining(value),
      ]);
    }
    expect(comments).toContain(said);
    expect(refusedFor(policy)).toEqual([]);
  });
});

/** Without them much of what is told has no effect. */
const RECEIVERS = [
  '--slack-hook-url=https://hooks.slack.com/services/A/B/C',
  '--prometheus-url=http://u:p@prometheus:9090',
];

/** Values that a policy would refuse as they are. */
const NASTY = [
  '--slack-username=',
  '--slack-channel=',
  '--message-template-drain=',
  '--message-template-reboot={{node}} {%s} {{{x}}',
  '--skip-wait-for-delete-timeout=999999999',
  '--drain-grace-period=999999999',
  '--drain-grace-period=-0x10',
  '--drain-timeout=99999999h',
  '--drain-timeout=1ns',
  '--reboot-delay=200000h',
  '--lock-release-delay=200000h',
  '--concurrency=9223372036854775807',
  '--concurrency=-0x1',
  '--ds-name=Foo_Bar',
  '--ds-name=',
  '--ds-namespace=-',
  '--lock-annotation=',
  '--prometheus-url=prometheus:9090',
  '--prometheus-url=ftp://prometheus',
  '--prometheus-url=http://:p@prometheus',
  '--prometheus-url=http://a%3Ab:p@prometheus',
  '--prometheus-url=http://prometheus/@',
  '--alert-filter-regexp=*',
  '--alert-filter-regexp=(?=a)',
  '--alert-filter-match-only',
  '--blocking-pod-selector=a b',
  '--blocking-pod-selector=',
  '--blocking-pod-selector=app=db',
  '--drain-pod-selector=a in b',
  '--time-zone=Mars/Olympus',
  '--pre-reboot-node-labels=a b=c,=,x=%,__proto__=y',
  '--post-reboot-node-labels=a/b/c=d',
  '--prefer-no-schedule-taint=a b',
  '--start-time=9',
  '--end-time=9:00:01',
  '--reboot-days=mon,,funday',
];

const WORD = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom(
    '\n- a: b',
    '%s %ff',
    '$(X)',
    "'",
    '{{ .Values.x }}',
    'http://%ff:%zz@h',
    '=',
    ',',
  ),
);

/** Why `policy check` would refuse it. */
const refusedFor = (policy: object): string[] => {
  const { error } = Policy.safeParse(policy);
  return error ? problemsOf(error) : [];
};

const at = (name: string, pool: string, ...args: string[]) =>
  daemonSet([`--ds-name=${name}`, ...args], { name, pod: { nodeSelector: { pool } } });

const shared = (name: string) => daemonSet([], { name, pod: { nodeSelector: { pool: name } } });

describe('several DaemonSets', () => {
  test('lose the labels by which a pool is chosen, their own or another, and the policy is accepted', () => {
    const own = at('kured-a', 'a', '--pre-reboot-node-labels=pool=away,state=off');
    const other = daemonSet(['--ds-name=kured-b', '--post-reboot-node-labels=pool=b,state=on'], {
      name: 'kured-b',
      pod: { nodeSelector: { tier: 'b' } },
    });
    const { policy } = converted(`${own}---\n${other}`);
    expect(refusedFor(policy)).toEqual([]);
    expect(policy.pools).toMatchObject([
      { labels: { before: { state: 'off' } } },
      { labels: { after: { state: 'on' } } },
    ]);
    expect(JSON.stringify(policy.pools)).not.toMatch(/"labels":[^}]*pool/);
  });

  test('become several pools, without a warning where their nodes and locks are their own', () => {
    const { policy, warnings } = converted(
      [
        at('kured-workers', 'workers', '--start-time=9', '--concurrency=2'),
        at('kured-gpu', 'gpu', '--end-time=9'),
      ].join('---\n'),
    );
    expect(policy).toMatchObject({
      timeZone: 'UTC',
      pools: [
        { name: 'workers', nodes: 'pool=workers', maxUnavailable: 2 },
        { name: 'gpu', nodes: 'pool=gpu', maxUnavailable: 1 },
      ],
    });
    expect(warnings).toEqual([]);
  });

  test('of the same name get a number', () => {
    const { policy } = converted(
      [at('kured', 'a'), at('kured', 'b'), at('kured', 'c')].join('---\n'),
    );
    expect(policy.pools.map(({ name }) => name)).toEqual(['nodes', 'nodes-2', 'nodes-3']);
  });

  test('in different time zones say so each for itself', () => {
    const { policy } = converted(
      [at('a', 'a', '--time-zone=Europe/Zurich'), at('b', 'b')].join('---\n'),
    );
    expect(policy).not.toHaveProperty('timeZone');
    expect(policy.pools.map(({ timeZone }) => timeZone)).toEqual(['Europe/Zurich', 'UTC']);
  });

  test('that tell the same receiver are one notification', () => {
    const url = '--notify-url=slack://A/B/C';
    const { policy } = converted([at('a', 'a', url), at('b', 'b', url)].join('---\n'));
    expect(policy.notifications).toHaveLength(1);
    expect(policy.notifications?.[0]).not.toHaveProperty('pools');
  });

  test('that tell different receivers name their pools', () => {
    const { policy } = converted(
      [
        at('a', 'a', '--notify-url=slack://A/B/C'),
        at('b', 'b', '--slack-hook-url=https://hooks.slack.com/services/A/B/C'),
        at('c', 'c'),
      ].join('---\n'),
    );
    expect(policy.notifications).toMatchObject([
      { url: '${NOTIFY_URL}', pools: ['a'] },
      { slack: '${SLACK_WEBHOOK_URL}', pools: ['b'] },
    ]);
  });

  test('that tell different receivers of one kind have a variable for each', () => {
    const { policy, comments } = converted(
      [
        at('a-1', 'a', '--notify-url=slack://A/B/C'),
        at('b-1', 'b', '--notify-url=slack://D/E/F'),
      ].join('---\n'),
    );
    expect(policy.notifications).toMatchObject([
      { url: '${NOTIFY_URL_A_1}', pools: ['a-1'] },
      { url: '${NOTIFY_URL_B_1}', pools: ['b-1'] },
    ]);
    expect(comments).toContain('the environment variable NOTIFY_URL_A_1 from');
  });

  test('that choose the same nodes leave them to the first, but for those a person labels', () => {
    const { policy, warnings } = converted(
      [daemonSet(['--ds-name=a'], { name: 'a' }), daemonSet(['--ds-name=b'], { name: 'b' })].join(
        '---\n',
      ),
    );
    expect(policy.pools.map(({ nodes }) => nodes)).toEqual([
      'kubernetes.io/os=linux,lockkeeper.io/pool!=b',
      'kubernetes.io/os=linux,lockkeeper.io/pool=b',
    ]);
    expect(refusedFor(policy)).toEqual([]);
    expect(warnings.join()).toContain('kubectl label node NODE lockkeeper.io/pool=b');
  });

  test('that may have a node in common are told of', () => {
    const { warnings } = converted(
      [at('a', 'a'), daemonSet(['--ds-name=b'], { name: 'b' })].join('---\n'),
    );
    expect(warnings.join()).toContain('a node may be in this pool and in a too');
  });

  test('that share a lock are told of', () => {
    const { warnings } = converted([shared('a'), shared('b')].join('---\n'));
    expect(warnings.join()).toContain("it shares kured's lock with a: one budget for all of them");
  });
});

const closed = (args: readonly string[], container: object = {}) => {
  const result = converted(daemonSet(args, { container }));
  expect(onlyPool(result).windows).toEqual([]);
  return result;
};

describe('no window is open where kured would have rebooted nothing, or nobody knows what it would have done', () => {
  test.each([
    ['--start-time=5:00pm', 'kured does not start with --start-time=5:00pm: it is not a time'],
    ['--end-time=24:00', 'kured does not start with --end-time=24:00'],
    ['--reboot-days=mon,funday', 'kured does not start with --reboot-days'],
    ['--time-zone=Europe/Zuerich', 'kured does not start with --time-zone=Europe/Zuerich'],
    ['--period=60', 'kured does not start with --period=60: it is not a duration'],
    ['--drain-timeout=1d', 'kured does not start with --drain-timeout=1d'],
    ['--concurrency=10%', 'kured does not start with --concurrency=10%: it is not a whole number'],
    ['--force-reboot=yes', 'kured does not start with --force-reboot=yes'],
    ['--reboot-method=magic', 'kured does not start with --reboot-method=magic'],
    ['--lock-release-delay', 'kured does not start: --lock-release-delay has no value'],
    ['--alert-filter-regexp=*', 'kured does not start with --alert-filter-regexp=*'],
    ['--blocking-pod-selector=a b', '--blocking-pod-selector: "a b" is no label selector'],
    ['--blocking-pod-selector=', '--blocking-pod-selector: "" is no label selector'],
    ['--drain-pod-selector=a b', '--drain-pod-selector: is no label selector'],
  ])('%s', (arg, reason) => {
    const { comments, warnings } = closed([arg]);
    expect(comments).toContain('It has no window, so that nothing is rebooted, because');
    expect(comments).toContain(reason);
    expect(warnings.join()).toContain(`its pool has no window: ${reason}`);
    expect(comments).not.toContain('open at every hour');
  });

  test.each(['reboot-days', 'time-zone', 'concurrency', 'prometheus-url', 'drain-pod-selector'])(
    'the value of %s is elsewhere',
    (name) => {
      const variable = `KURED_${name.replaceAll('-', '_').toUpperCase()}`;
      const valueFrom = { configMapKeyRef: { name: 'kured', key: 'value' } };
      const { comments } = closed([], { env: [{ name: variable, valueFrom }] });
      expect(comments).toContain(
        `${variable} comes from key value of ConfigMap kured, which is not in the input`,
      );
    },
  );

  test('an empty list of days', () => {
    const { warnings } = closed(['--reboot-days=']);
    expect(warnings.join()).toContain('it is empty, so kured never reboots anything');
  });

  test('a window of one second', () => {
    const { warnings } = closed(['--start-time=9:00', '--end-time=9:00']);
    expect(warnings.join()).toContain('it ends in the second in which it begins');
  });

  test('but a setting that decides over no node leaves it open', () => {
    const env = [{ name: 'KURED_PERIOD', valueFrom: { configMapKeyRef: { name: 'a', key: 'b' } } }];
    const result = converted(daemonSet([], { container: { env } }));
    expect(onlyPool(result).windows).toEqual([{ always: true }]);
    expect(result.warnings.join()).toContain('KURED_PERIOD: comes from key b of ConfigMap a');
  });
});

const told = (...args: string[]) => converted(daemonSet(args)).warnings.join('\n');

describe('a person is told', () => {
  test.each([
    ['that the pool is open at every hour', [], 'this pool is open at every hour'],
    [
      'what a window over midnight meant',
      ['--start-time=22:00', '--end-time=4:00', '--reboot-days=fri'],
      '{"days":["fri"],"start":"22:00","end":"04:00"}, which belongs to the day it starts on',
    ],
    ['that force has a deadline now', ['--force-reboot'], 'never got past a disruption budget'],
    [
      'that a password has to be given',
      ['--prometheus-url=http://u:p@prom'],
      'PROMETHEUS_PASSWORD',
    ],
    [
      'that a user was left out',
      ['--prometheus-url=http://u@prom'],
      'its user, which has no password',
    ],
    ['that an address is none', ['--prometheus-url=prom'], 'is not an address'],
    ['that a label is half', ['--pre-reboot-node-labels=a'], 'one entry has no "="'],
    ['that labels do not pair', ['--pre-reboot-node-labels=a=b'], 'have different keys'],
    [
      'that an address was never understood',
      ['--notify-url=https://example.org'],
      'the scheme https://',
    ],
    ['that a hook was never used', ['--slack-hook-url=https://example.org/hook'], "is not Slack's"],
    [
      'that a negation hides failures',
      ['--reboot-sentinel-command=sh -c "! check"'],
      'A "!" turns every failure',
    ],
    [
      'that another command needs privileges',
      ['--reboot-command=/sbin/reboot'],
      'privileged: true',
    ],
    [
      'that a window is short',
      ['--start-time=9', '--end-time=9:29:59'],
      'expectedLength is set to half',
    ],
    ['that pods stay on the node', ['--drain-pod-selector=a'], 'are killed by the reboot'],
    [
      'where the sentinel has to be mounted',
      ['--reboot-sentinel=/sentinel/x'],
      'has the hostPath /var/run',
    ],
  ])('%s', (_, args, text) => {
    expect(told(...args)).toContain(text);
  });

  test.each([
    ['--alert-firing-only', '--alert-firing-only: has no effect without prometheus-url'],
    ['--slack-channel=#ops', '--slack-channel: has no effect without notify-url'],
    ['--drain-delay=1m', '--drain-delay: kured waits before it cordons'],
    ['--concurrency=2', '--concurrency: maxUnavailable counts every node'],
    ['--reboot-signal=40', '--reboot-signal: has no effect with reboot-method command'],
  ])('quietly of %s', (arg, text) => {
    const { comments, warnings } = converted(daemonSet([arg]));
    expect(comments).toContain(text);
    expect(warnings.join()).not.toContain(text);
  });

  test('nothing about options that are as kured has them', () => {
    const plain = converted(daemonSet([]));
    const spelled = converted(
      daemonSet([
        '--lock-ttl=0',
        '--metrics-port=8080',
        '--annotate-nodes=false',
        '--lock-release-delay=0',
      ]),
    );
    expect(spelled.yaml).toBe(plain.yaml);
  });
});

describe('a secret is never repeated', () => {
  const SECRET = 'T0PS3CRET';

  test.each([
    ['a receiver', [`--notify-url=slack://${SECRET}`]],
    ['a receiver that is not understood', [`--notify-url=${SECRET}`]],
    ['an address in quotes', [`--slack-hook-url="https://example.org/${SECRET}"`]],
    ['a password of Prometheus', [`--prometheus-url=https://user:${SECRET}@prom.example.org`]],
    [
      'a password of Prometheus with an at sign',
      [`--prometheus-url=https://user:x@${SECRET}@prom.example.org`],
    ],
    ['a token of Prometheus', [`--prometheus-url=https://prom.example.org/path?token=${SECRET}`]],
    ['a user of Prometheus', [`--prometheus-url=https://${SECRET}@prom.example.org`]],
    ['a password that breaks the address', [`--prometheus-url=https://user:a/${SECRET}@prom`]],
    ['an unknown option', [`--token=${SECRET}`]],
    ['an unknown option and its next word', ['--token', SECRET]],
    ['a word that belongs to nothing', ['--force-reboot', SECRET]],
  ])('%s', (_, args) => {
    expect(JSON.stringify(fromKured(daemonSet(args)))).not.toContain(SECRET);
  });

  test('a variable', () => {
    const env = ['KURED_NOTIFY_URL', 'KURED_SLACK_HOOK_URL', 'KURED_WHAT', 'OTHER'].map((name) => ({
      name,
      value: SECRET,
    }));
    const text = daemonSet(['--notify-url=$(OTHER)'], { container: { env } });
    expect(JSON.stringify(fromKured(text))).not.toContain(SECRET);
  });
});

const template = (text: string) =>
  converted(daemonSet(['--notify-url=slack://A/B/C', `--message-template-drain=${text}`]));

test('a user and a password of Prometheus are its basicAuth', () => {
  const { warnings, policy } = converted(
    daemonSet(['--prometheus-url=https://sa%40ops:p%20w@prom.example.org/path']),
  );
  expect(policy.pools[0]?.gates?.alerts).toMatchObject({
    prometheus: 'https://prom.example.org/path',
    basicAuth: { username: 'sa@ops', password: '${PROMETHEUS_PASSWORD}' },
  });
  expect(warnings.join()).toContain('give the worker its password as PROMETHEUS_PASSWORD;');
});

describe('the time zone Local', () => {
  test.each([
    ['is that of the container', [{ name: 'TZ', value: 'Europe/Zurich' }], 'Europe/Zurich'],
    ['is UTC where the container has none', [], 'UTC'],
  ])('%s', (_, env, zone) => {
    const { policy } = converted(daemonSet(['--time-zone=Local'], { container: { env } }));
    expect(policy.timeZone).toBe(zone);
  });
});

describe('templates of messages', () => {
  test.each([
    ['%s', '{{node}}'],
    ['node %s of %v', 'node {{node}} of {{node}}'],
    ['100%% %s', '100% {{node}}'],
    ['{{x}} %s {', '{ {x}} {{node}} {'],
  ])('%j becomes %j', (text, becomes) => {
    expect(template(text).policy.notifications).toMatchObject([
      { templates: { draining: becomes } },
    ]);
  });

  test('without the node stay as they are, and it is said', () => {
    const { policy, comments } = template('draining');
    expect(policy.notifications).toMatchObject([{ templates: { draining: 'draining' } }]);
    expect(comments).toContain('--message-template-drain: has no %s');
  });
});

const alerts = (expression: string, ...more: string[]) =>
  onlyPool(
    converted(
      daemonSet(['--prometheus-url=http://p', `--alert-filter-regexp=${expression}`, ...more]),
    ),
  ).gates?.alerts;

describe('expressions for alerts', () => {
  test.each(['^(A|B)$', '(?i)watchdog', '(?P<name>a)', '\\Aa\\z', '[[:alpha:]]'])(
    '%s stays as it is',
    (expression) => {
      expect(alerts(expression)).toMatchObject({ ignore: expression });
      expect(alerts(expression, '--alert-filter-match-only')).toMatchObject({ only: expression });
    },
  );

  test.each(['a**', '(', '*', '(?=a)'])('%s keeps kured from starting', (expression) => {
    const args = ['--prometheus-url=http://p', `--alert-filter-regexp=${expression}`];
    expect(onlyPool(converted(daemonSet(args))).windows).toEqual([]);
  });
});

test('the output is a policy with comments, and its strings mean the same to every reader of YAML', () => {
  const { yaml } = converted(daemonSet(ALL_OPTIONS));
  expect(yaml).toMatch(/^# A policy of Lockkeeper/);
  expect(yaml.split('\n').filter((line) => line.length > 110)).toEqual([]);
  expect(yaml).toContain('start: "22:00"');
  expect(parse(yaml, { version: '1.1' })).toEqual(parse(yaml));
});

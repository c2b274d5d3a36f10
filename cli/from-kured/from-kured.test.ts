import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { shellOperator, splitWords } from '../../agent/command.ts';
import { fromKured } from './from-kured.ts';
import { WEEK } from './go.ts';
import { converted, daemonSet, shown, told } from './kured.fixture.ts';
import { OPTION_NAMES } from './options.ts';

/** Without them much of what is told has no effect. */
const RECEIVERS = [
  '--slack-hook-url=https://hooks.slack.com/services/A/B/C',
  '--prometheus-url=http://u:p@prometheus:9090',
];

/** What the policy would refuse: what is left of it, and what is said. */
const CUT = parse(String.raw`
--slack-username=: [{ notifications: [{ username: null }] }, is empty; here it is lockkeeper]
--message-template-drain=: [{ notifications: [{ templates: { draining: null } }] }, "Lockkeeper's own words"]
--drain-timeout=99999999h: [{ drain: { timeout: 87600h } }, here it is 3650d]
--drain-grace-period=999999999: [{ drain: { gracePeriod: 315360000s } }, here it is 3650d]
--skip-wait-for-delete-timeout=999999999: [{ drain: { skipWaitForDeleteTimeout: 315360000s } }, is longer than]
--ds-name=Foo_Bar: [{ gates: { kuredLock: null } }, '"Foo_Bar" is no name in Kubernetes']
--ds-namespace=-: [{ gates: { kuredLock: null } }, '--ds-namespace: "-" is no name']
--lock-annotation=: [{ gates: { kuredLock: null } }, gates.kuredLock is left out]
--alert-filter-regexp=*: [{ gates: { alerts: { ignore: null } } }, it is not a regular expression of Go]
--prometheus-url=prom: [{ gates: { alerts: null } }, 'is not an address like http://prometheus.monitoring:9090']
--prometheus-url=http://:p@a: [{ gates: { alerts: { prometheus: http://a, basicAuth: null } } }, its user is empty]
--blocking-pod-selector=a b: [{ gates: { blockingPods: [app=db] } }, '"a b" is no label selector and is left out']
--drain-pod-selector=a b: [{ drain: null }, 'kured drains nothing with --drain-pod-selector=a b']
--concurrency=9223372036854775807: [{ maxUnavailable: 1 }, is not a whole number]
--prefer-no-schedule-taint=a b: [{ taint: null }, it is left out]
--pre-reboot-node-labels=a b=c,d=e: [{ labels: { before: { d: e } } }, refuses is left out]
--message-template-drain=off: [{ notifications: [{ templates: { draining: 'off' } }] }, has no %s]
`) as Record<string, [object, string]>;

test.each(Object.entries(CUT))(
  'what the policy would refuse is left out or cut to size, and it is said why: %s',
  (arg, [left, said]) => {
    const { pool, comments } = told(...RECEIVERS, '--blocking-pod-selector=app=db', arg);
    expect(shown(pool, left)).toEqual(left);
    expect(comments).toContain(said);
  },
);

/** Arguments after which kured reboots nothing, or nobody knows what it does, and what is said. */
const CLOSED = parse(
  String.raw`
--start-time=5:00pm: 'kured does not start with --start-time=5:00pm: it is not a time'
--end-time=24:00: kured does not start with --end-time=24:00
--reboot-days=mon,funday: kured does not start with --reboot-days
--time-zone=Europe/Zuerich: kured does not start with --time-zone=Europe/Zuerich
--period=60: 'kured does not start with --period=60: it is not a duration'
--drain-timeout=1d: kured does not start with --drain-timeout=1d
--lock-ttl=1d: kured does not start with --lock-ttl=1d
--concurrency=10%: 'kured does not start with --concurrency=10%: it is not a whole number'
--force-reboot=yes: kured does not start with --force-reboot=yes
--reboot-method=magic: 'kured does not start with --reboot-method=magic: it is not command or signal'
--reboot-method=signal --reboot-signal=0: '--reboot-signal: is not the number of a signal'
--lock-release-delay: 'kured does not start: --lock-release-delay has no value'
--alert-filter-regexp=(?=a): kured does not start with --alert-filter-regexp=(?=a)
--blocking-pod-selector=: '--blocking-pod-selector: "" is no label selector'
--drain-pod-selector=a b: 'kured drains nothing with --drain-pod-selector=a b: it is not a label selector'
--ds-name=Foo_Bar: '--ds-name: "Foo_Bar" is no name in Kubernetes'
--prometheus-url=prom: '--prometheus-url: is not an address'
--prometheus-url=http://a%3Ab:p@prom: its user is empty or has a colon
--time-zone=@{ZONE}: '--time-zone comes from what fills in @{ZONE}, which is not in the input: look there, and write it into timeZone'
--prometheus-url=http://@{PROM}: 'look there, and write it into gates.alerts'
--ds-namespace=@{NS}: 'look there, and write it into gates.kuredLock'
--drain-pod-selector=@{PODS}: 'look there, and write it into drain.podSelector'
--concurrency={{ .Values.x }}: '--concurrency comes from what fills in {{ … }}'
`.replaceAll('@{', '${'),
) as Record<string, string>;

describe('no window is open where kured would have rebooted nothing, or nobody knows', () => {
  test.each(Object.entries(CLOSED))('%s', (args, reason) => {
    const { pool, comments, warnings } = told(...args.split(/ (?=--)/));
    expect(pool.windows).toEqual([]);
    expect(comments).toContain('It has no window, so that nothing is rebooted, because');
    expect(comments).toContain(reason);
    expect(warnings).toContain('its pool has no window: ');
    expect(warnings).toContain(reason);
    expect(comments).not.toMatch(/open at every hour|\{"always"/);
  });

  test('K3: its hours are kept as a comment, without an untrue word', () => {
    const { comments } = told('--time-zone=${ZONE}', '--start-time=22:30', '--end-time=4:15');
    expect(comments).toContain('Its windows, for when that is settled: - {"days":["mon",');
    expect(comments).toContain('"start":"22:30","end":"04:15"}');
    expect(comments).not.toContain('does not start');
    expect(told('--start-time=${S}', '--end-time=4:15').comments).not.toContain('Its windows');
  });

  test.each([
    ['--reboot-days=', 'it is empty, so kured never reboots anything'],
    ['--start-time=9:00 --end-time=9:00', 'it ends in the second in which it begins'],
  ])('%s', (args, said) => {
    const { pool, warnings } = told(...args.split(' '));
    expect([pool.windows, warnings]).toEqual([[], expect.stringContaining(said)]);
  });

  test('but what decides over no node leaves it open', () => {
    const { pool, warnings } = told('--period=${P}', '--notify-url=${URL}', '--slack-channel=${C}');
    expect(pool).toMatchObject({ windows: [{ always: true }] });
    expect(warnings).toContain('--period: comes from what fills in ${P}, which is not in the');
    expect(pool.notifications).toMatchObject([{ url: '${NOTIFY_URL}' }]);
  });
});

test.each(['reboot-sentinel-command', 'reboot-command'])(
  'a --%s with an operator of a shell becomes one that the agent takes, in a closed pool',
  (name) => {
    const { pool, yaml, warnings } = told(`--${name}=check | grep -q 'a b'`);
    expect(pool.windows).toEqual([]);
    expect(warnings).toContain(`--${name}: kured runs no shell and gives | to the program`);
    const [, written = ''] = /_COMMAND, value: (".*") }/.exec(yaml) ?? [];
    const command = JSON.parse(written) as string;
    expect(splitWords(command)).toEqual(['sh', '-c', "check | grep -q 'a b'"]);
    expect(shellOperator(command)).toBeUndefined();
  },
);

test('a command whose own shell reads what stands in double quotes keeps its words, in an open pool', () => {
  const { pool, yaml } = told('--reboot-sentinel-command=sh -c "check; [ $? -eq 1 ]"');
  expect(pool.windows).toEqual([{ always: true }]);
  expect(yaml).toContain(`_COMMAND, value: "sh -c 'check; [ $? -eq 1 ]'" }`);
});

test.each([
  ['--reboot-command=systemctl soft-reboot', 'reboot-command'],
  ['--reboot-method=signal --reboot-signal=41', 'reboot-signal'],
])('%s, which the agent refuses, becomes a reboot, in a closed pool', (args, name) => {
  const { pool, yaml, warnings } = told(...args.split(/ (?=--)/));
  expect(pool.windows).toEqual([]);
  expect(warnings).toContain(`--${name}: is a soft reboot, which keeps the kernel and its boot id`);
  expect(yaml).not.toMatch(/LOCKKEEPER_REBOOT_(METHOD|COMMAND|SIGNAL), value/);
});

/** What a person is told, by the arguments; quietly where it begins with a dot. */
const SAID = parse(String.raw`
--period=1h: this pool is open at every hour
--start-time=22:00 --end-time=4:00 --reboot-days=fri: '{"days":["fri"],"start":"22:00","end":"04:00"}, which belongs to the day it starts on'
--force-reboot: never got past a disruption budget
--prometheus-url=http://u:p@prom: give the worker its password as PROMETHEUS_PASSWORD;
--prometheus-url=http://u@prom: its user, which has no password
--prometheus-url=http://prom?a=b: what follows the "?" is left out
--pre-reboot-node-labels=a: one entry has no "="
--pre-reboot-node-labels=a=b: '--pre-reboot-node-labels: the labels before and after have different keys'
--post-reboot-node-labels=a=b: '--post-reboot-node-labels: the labels before and after have different keys'
--notify-url=https://example.org: the scheme https://
--notify-url=example.org: it has no scheme
--slack-hook-url=https://example.org/hook: "is not Slack's"
--reboot-sentinel-command=sh -c "! check": A "!" turns every failure
--reboot-command=/sbin/reboot: 'privileged: true'
--start-time=9 --end-time=9:29:59: expectedLength is set to half
--drain-pod-selector=a: are killed by the reboot
--reboot-sentinel=/sentinel/x: has the hostPath /var/run
--alert-firing-only: '.--alert-firing-only: has no effect without prometheus-url'
--slack-channel=#ops: '.--slack-channel: has no effect without notify-url'
--notify-url=slack://A/B/C --slack-hook-url=x: '.--slack-hook-url: has no effect beside notify-url'
--notify-url=slack://A/B/C --slack-username=x: '.--slack-username: has no effect beside notify-url'
--reboot-sentinel-command=check: '.--reboot-sentinel: has no effect beside reboot-sentinel-command'
--reboot-signal=40: '.--reboot-signal: has no effect with reboot-method command'
--reboot-method=signal --reboot-command=x: '.--reboot-command: has no effect with reboot-method signal'
--prometheus-url=http://p --alert-filter-match-only: '.--alert-filter-match-only: without alert-filter-regexp every alert counts'
--drain-delay=1m: '.--drain-delay: kured waits before it cordons'
--drain-timeout=0: '.--drain-timeout: kured drains without end'
--force-reboot --drain-timeout=1m: '.--force-reboot: drain.onTimeout: delete deletes what is left'
--concurrency=2: '.--concurrency: maxUnavailable counts every node'
--notify-url=slack://A/B/C: '.--notify-url: give the worker the environment variable NOTIFY_URL from a Secret of yours'
`) as Record<string, string>;

describe('a person is told', () => {
  test.each(Object.entries(SAID))('%s', (args, text) => {
    const { comments, warnings } = told(...args.split(/ (?=--)/));
    const isQuiet = text.startsWith('.');
    const words = isQuiet ? text.slice(1) : text;
    expect(comments).toContain(words);
    expect(warnings.includes(words)).toBe(!isQuiet);
  });

  test('nothing about options that are as kured has them', () => {
    const defaults = ['--lock-ttl=0', '--metrics-port=8080', '--annotate-nodes=false'];
    expect(told(...defaults, '--lock-release-delay=0').yaml).toBe(told().yaml);
  });
});

const SECRET = 'T0PS3CRET';

describe('a secret is never repeated', () => {
  test.each([
    `--notify-url=slack://${SECRET}`,
    `--notify-url=${SECRET}`,
    `--slack-hook-url="https://example.org/${SECRET}"`,
    `--prometheus-url=https://user:${SECRET}@prom.example.org`,
    `--prometheus-url=https://user:x@${SECRET}@prom.example.org`,
    `--prometheus-url=https://prom.example.org/path?token=${SECRET}`,
    `--prometheus-url=https://${SECRET}@prom.example.org`,
    `--prometheus-url=https://user:a/${SECRET}@prom`,
  ])('%s', (arg) => {
    expect(JSON.stringify(fromKured(daemonSet([arg])))).not.toContain(SECRET);
    const [, name = '', value = ''] = /^--(.*?)=(.*)$/.exec(arg) ?? [];
    const env = [
      { name: `KURED_${name.replaceAll('-', '_').toUpperCase()}`, value },
      { name: 'OTHER', value },
    ];
    const text = daemonSet(['--notify-url=$(OTHER)'], { container: { env } });
    expect(JSON.stringify(fromKured(text))).not.toContain(SECRET);
  });
});

test('a user and a password of Prometheus are its basicAuth', () => {
  expect(told('--prometheus-url=https://sa%40ops:p%20w@prom.example.org/path').pool).toMatchObject({
    gates: {
      alerts: {
        prometheus: 'https://prom.example.org/path',
        basicAuth: { username: 'sa@ops', password: '${PROMETHEUS_PASSWORD}' },
      },
    },
  });
});

test.each([
  ['that of the container', [{ name: 'TZ', value: 'Europe/Zurich' }], 'Europe/Zurich', 1],
  ['UTC where the container has none', [], 'UTC', 1],
  ['not known where its variable is', [{ name: 'TZ', value: '${ZONE}' }], 'UTC', 0],
  ['not known where its variable is elsewhere', [{ name: 'TZ', valueFrom: {} }], 'UTC', 0],
])('the time zone Local is %s', (_, env, zone, windows) => {
  const { pool } = converted(daemonSet(['--time-zone=Local'], { container: { env } }));
  expect([pool.timeZone, pool.windows?.length]).toEqual([zone, windows]);
});

const at = (name: string, pool: string, ...args: string[]) =>
  daemonSet([`--ds-name=${name}`, ...args], { name, pod: { nodeSelector: { pool } } });

const url = (id: string): string => `--notify-url=slack://A/B/${id}`;
const MOVES = [
  '--pre-reboot-node-labels=pool=b,state=off',
  '--post-reboot-node-labels=pool=b,c=on',
];

/** What several DaemonSets become, as YAML, and what is told of them; nothing where that is empty. */
const SEVERAL: Record<string, readonly [string[], string, string?]> = {
  'are several pools': [
    [
      at('kured-workers', 'w', '--start-time=9', '--concurrency=2'),
      at('kured', 'b', '--end-time=9'),
    ],
    '{ timeZone: UTC, pools: [{ name: workers, nodes: pool=w, maxUnavailable: 2 }, { name: nodes, nodes: pool=b, maxUnavailable: 1 }] }',
    '',
  ],
  'of the same name get a number, and a lock they share is told of': [
    [at('kured', 'a'), at('kured', 'b'), at('kured', 'c')],
    '{ pools: [{ name: nodes }, { name: nodes-2 }, { name: nodes-3 }] }',
    "it shares kured's lock with nodes, nodes-2: one budget for all of them",
  ],
  'in different time zones say so each for itself': [
    [at('a', 'a', '--time-zone=Europe/Zurich'), at('b', 'b')],
    '{ timeZone: null, pools: [{ timeZone: Europe/Zurich }, { timeZone: UTC }] }',
  ],
  'that tell the same receiver are one notification': [
    [at('a', 'a', url('C')), at('b', 'b', url('C'))],
    "{ notifications: [{ url: '${NOTIFY_URL}', pools: null }] }",
  ],
  'that tell different receivers name their pools': [
    [at('a', 'a', url('C')), at('b', 'b', '--slack-hook-url=x'), at('c', 'c')],
    "{ notifications: [{ url: '${NOTIFY_URL}', pools: [a] }, { slack: '${SLACK_WEBHOOK_URL}', pools: [b] }] }",
  ],
  'that tell different receivers of one kind have a variable for each': [
    [at('a-1', 'a', url('C')), at('b-1', 'b', url('D'))],
    "{ notifications: [{ url: '${NOTIFY_URL_A_1}', pools: [a-1] }, { url: '${NOTIFY_URL_B_1}', pools: [b-1] }] }",
  ],
  'that choose the same nodes leave them to the first, but for those a person labels': [
    [daemonSet([]), daemonSet([], { name: 'b' })],
    '{ pools: [{ nodes: "kubernetes.io/os=linux,lockkeeper.io/pool!=b" }, { nodes: "kubernetes.io/os=linux,lockkeeper.io/pool=b" }] }',
    'kubectl label node NODE lockkeeper.io/pool=b',
  ],
  'that may have a node in common are told of': [
    [at('a', 'a'), daemonSet([])],
    '{ pools: [{ nodes: pool=a }, { nodes: kubernetes.io/os=linux }] }',
    'a node may be in this pool and in a too',
  ],
  'lose the labels by which a pool is chosen, their own or another': [
    [at('a', 'a', ...MOVES), daemonSet(MOVES, { name: 'b', pod: { nodeSelector: { tier: 'b' } } })],
    '{ pools: [{ labels: { before: { state: off, pool: null }, after: { c: on, pool: null } } }, { labels: { before: { state: off, pool: null } } }] }',
    'label pool: it is left out',
  ],
};

test.each(Object.entries(SEVERAL))('several DaemonSets %s', (_, [texts, written, said]) => {
  const { policy, warnings } = converted(...texts);
  const expected: unknown = parse(written);
  expect(shown(policy, expected)).toEqual(expected);
  if (said === '') expect(warnings).toBe('');
  expect(warnings).toContain(said ?? '');
});

const TWO_DIGITS = fc.integer({ min: 0, max: 59 }).map((number) => String(number).padStart(2, '0'));
const HOUR = fc.integer({ min: 0, max: 23 }).map(String);
const CLOCK = fc.oneof(
  fc.tuple(HOUR, TWO_DIGITS).map((parts) => parts.join(':')),
  fc.tuple(HOUR, TWO_DIGITS, TWO_DIGITS).map((parts) => parts.join(':')),
  HOUR,
);
const LENGTH = fc.constantFrom('0', '30s', '5m', '90m', '24h', '1.5s', '99999h', '250ms', '-1s');
const LENGTHS = ['drain-timeout', 'drain-delay', 'reboot-delay', 'lock-release-delay'];
const WORD = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('\n- a: b', '%s %ff', '$(X)', "'", '{{ .X }}', 'http://%ff:%zz@h', '=', ','),
);
/** Values that a policy would refuse as they are, besides those of the tables above. */
const NASTY = [
  ...[...Object.keys(CUT), ...Object.keys(CLOSED)].flatMap((args) => args.split(/ (?=--)/)),
  '--message-template-reboot={{node}} {%s} {{{x}}',
  '--drain-timeout=1ns',
  '--concurrency=-0x1',
  '--prometheus-url=ftp://prometheus',
  '--prometheus-url=http://prometheus/@',
  '--pre-reboot-node-labels=a b=c,=,x=%,__proto__=y',
  '--post-reboot-node-labels=a/b/c=d',
];

describe('G12: whatever kured is told, there is a policy, and it is accepted', () => {
  test('its hours and lengths', () => {
    const lengths = fc.tuple(LENGTH, LENGTH, LENGTH, LENGTH);
    fc.assert(
      fc.property(fc.subarray([...WEEK]), CLOCK, CLOCK, lengths, (days, start, end, all) => {
        const args = all.map((length, index) => `--${LENGTHS[index]}=${length}`);
        told(
          `--reboot-days=${days.join(',')}`,
          `--start-time=${start}`,
          `--end-time=${end}`,
          ...args,
        );
      }),
      { numRuns: 200 },
    );
  });

  test('nobody knows what, and its comments stay comments', () => {
    const option = fc.tuple(fc.constantFrom(...OPTION_NAMES), WORD);
    const arg = fc.oneof(
      option.map(([name, value]) => `--${name}=${value}`),
      fc.constantFrom(...NASTY),
      WORD,
    );
    fc.assert(
      fc.property(fc.array(arg, { maxLength: 14 }), (args) => {
        const { policy } = told(...RECEIVERS, ...args);
        const known = ['timeZone', 'pools', 'notifications'];
        expect(Object.keys(policy).filter((key) => !known.includes(key))).toEqual([]);
        expect(policy.pools).toMatchObject([{ name: 'nodes', nodes: 'kubernetes.io/os=linux' }]);
      }),
      { numRuns: 400 },
    );
  });

  test('several of them that choose the same nodes, or nodes that no selector chooses', () => {
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
          return daemonSet(RECEIVERS, {
            name,
            pod: { nodeSelector, affinity: { nodeAffinity: required } },
          });
        });
        expect(converted(...texts).policy.pools).toHaveLength(kureds.length);
      }),
      { numRuns: 300 },
    );
  });
});

test('the output is a policy with comments, and its strings mean the same to every reader of YAML', () => {
  const { yaml } = told(...RECEIVERS, '--start-time=22:00', '--reboot-days=fri', '--end-time=3');
  expect(yaml).toMatch(/^# A policy of Lockkeeper/);
  expect(yaml.split('\n').filter((line) => line.length > 110)).toEqual([]);
  expect(yaml).toContain('start: "22:00"');
  expect(parse(yaml, { version: '1.1' })).toEqual(parse(yaml));
});
